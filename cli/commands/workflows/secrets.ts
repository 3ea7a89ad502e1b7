import { tenantFlag } from '../../base/flags.js'
import { TenantCommand } from '../../base/tenant-command.js'
import { workflowSecretDoc } from '../../base/workflow-docs.js'
import type { WorkflowSecret } from '../../clients/workflow-resources.js'
import { listSecrets } from '../../operations/workflows.js'
import { secretsView } from '../../views/workflow-views.js'

export default class WorkflowsSecrets extends TenantCommand {
  static override summary = 'list the secrets of workflows'
  static override description = 'Names and hosts; never a value.'
  static override flags = { tenant: tenantFlag }
  static override examples = ['<%= config.bin %> <%= command.id %> --tenant acme']
  static override jsonDoc = { data: { '[]': workflowSecretDoc } }

  async run(): Promise<{ data: WorkflowSecret[] }> {
    const { flags } = await this.parse(WorkflowsSecrets)
    return this.show(await listSecrets(await this.tenantApi(flags.tenant)), secretsView)
  }
}
