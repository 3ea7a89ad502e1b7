import * as Flags from '@oclif/core/flags'
import { pageFlags, tenantFlag } from '../../base/flags.js'
import { given } from '../../base/given.js'
import { pageDoc } from '../../base/json-doc.js'
import { TenantCommand } from '../../base/tenant-command.js'
import { workflowRunDoc } from '../../base/workflow-docs.js'
import type { Page } from '../../clients/api.js'
import type { WorkflowRun } from '../../clients/workflow-resources.js'
import { listRuns } from '../../operations/workflows.js'
import { runsView } from '../../views/workflow-views.js'

export default class WorkflowsRuns extends TenantCommand {
  static override summary = 'list the runs of workflows'
  static override description = 'Newest first.'
  static override flags = {
    tenant: tenantFlag,
    workflow: Flags.string({
      description: 'only runs of this workflow, by name or id',
      env: 'VETRAI_WORKFLOW',
      helpValue: 'NAME',
    }),
    status: Flags.string({
      description: 'only runs with this status',
      env: 'VETRAI_STATUS',
      options: ['queued', 'running', 'waiting', 'succeeded', 'failed', 'cancelled'],
    }),
    ...pageFlags,
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %> --tenant acme --status failed',
    '<%= config.bin %> <%= command.id %> --tenant acme --workflow triage --all --json',
  ]
  static override jsonDoc = pageDoc(workflowRunDoc)

  async run(): Promise<Page<WorkflowRun>> {
    const { flags } = await this.parse(WorkflowsRuns)
    const filter = given({ workflow: flags.workflow, status: flags.status })
    return this.show(await listRuns(await this.tenantApi(flags.tenant), flags, filter), runsView)
  }
}
