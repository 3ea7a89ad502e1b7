import { tenantFlag } from '../../base/flags.js'
import { TenantCommand } from '../../base/tenant-command.js'
import { workflowStepDoc } from '../../base/workflow-docs.js'
import { runArg } from '../../base/workflow-flags.js'
import type { WorkflowStep } from '../../clients/workflow-resources.js'
import { listSteps } from '../../operations/workflows.js'
import { stepsView } from '../../views/workflow-views.js'

export default class WorkflowsSteps extends TenantCommand {
  static override summary = 'show the steps of a run'
  static override description =
    'In the order in which they were begun; with --json also what each was given and put out.'
  static override args = { run: runArg }
  static override flags = { tenant: tenantFlag }
  static override examples = [
    '<%= config.bin %> <%= command.id %> 01990f6e-5f0e-7000-8000-000000000000 --tenant acme',
  ]
  static override jsonDoc = { data: { '[]': workflowStepDoc } }

  async run(): Promise<{ data: WorkflowStep[] }> {
    const { args, flags } = await this.parse(WorkflowsSteps)
    return this.show(await listSteps(await this.tenantApi(flags.tenant), args.run), stepsView)
  }
}
