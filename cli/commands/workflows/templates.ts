import { pageFlags, tenantFlag } from '../../base/flags.js'
import { pageDoc } from '../../base/json-doc.js'
import { TenantCommand } from '../../base/tenant-command.js'
import { workflowDoc } from '../../base/workflow-docs.js'
import type { Page } from '../../clients/api.js'
import type { WorkflowTemplate } from '../../clients/workflow-resources.js'
import { listWorkflows } from '../../operations/workflows.js'
import { workflowsView } from '../../views/workflow-views.js'

export default class WorkflowsTemplates extends TenantCommand {
  static override summary = 'list the workflows of a tenant'
  static override description = 'With the version that runs get.'
  static override flags = { tenant: tenantFlag, ...pageFlags }
  static override examples = ['<%= config.bin %> <%= command.id %> --tenant acme --all --json']
  static override jsonDoc = pageDoc(workflowDoc)

  async run(): Promise<Page<WorkflowTemplate>> {
    const { flags } = await this.parse(WorkflowsTemplates)
    return this.show(await listWorkflows(await this.tenantApi(flags.tenant), flags), workflowsView)
  }
}
