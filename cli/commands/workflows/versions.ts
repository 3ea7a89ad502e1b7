import { pageFlags, tenantFlag } from '../../base/flags.js'
import { pageDoc } from '../../base/json-doc.js'
import { TenantCommand } from '../../base/tenant-command.js'
import { workflowVersionDoc } from '../../base/workflow-docs.js'
import { workflowArg } from '../../base/workflow-flags.js'
import type { Page } from '../../clients/api.js'
import type { WorkflowVersion } from '../../clients/workflow-resources.js'
import { listVersions } from '../../operations/workflows.js'
import { versionsView } from '../../views/workflow-views.js'

export default class WorkflowsVersions extends TenantCommand {
  static override summary = 'list the published versions of a workflow'
  static override description = 'Newest first. An old one is published again with `workflows publish`.'
  static override args = { workflow: workflowArg }
  static override flags = { tenant: tenantFlag, ...pageFlags }
  static override examples = ['<%= config.bin %> <%= command.id %> triage --tenant acme']
  static override jsonDoc = pageDoc(workflowVersionDoc)

  async run(): Promise<Page<WorkflowVersion>> {
    const { args, flags } = await this.parse(WorkflowsVersions)
    return this.show(
      await listVersions(await this.tenantApi(flags.tenant), args.workflow, flags),
      versionsView,
    )
  }
}
