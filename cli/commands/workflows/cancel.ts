import { tenantFlag } from '../../base/flags.js'
import { TenantCommand } from '../../base/tenant-command.js'
import { workflowRunDoc } from '../../base/workflow-docs.js'
import { runArg } from '../../base/workflow-flags.js'
import type { WorkflowRun } from '../../clients/workflow-resources.js'
import { cancelRun } from '../../operations/workflows.js'
import { runView } from '../../views/workflow-views.js'

export default class WorkflowsCancel extends TenantCommand {
  static override summary = 'cancel a run'
  static override description = 'At once, with the runs that its steps began. Safe to repeat.'
  static override args = { run: runArg }
  static override flags = { tenant: tenantFlag }
  static override examples = [
    '<%= config.bin %> <%= command.id %> 01990f6e-5f0e-7000-8000-000000000000 --tenant acme',
  ]
  static override jsonDoc = workflowRunDoc

  async run(): Promise<WorkflowRun> {
    const { args, flags } = await this.parse(WorkflowsCancel)
    return this.show(await cancelRun(await this.tenantApi(flags.tenant), args.run), runView)
  }
}
