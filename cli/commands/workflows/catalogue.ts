import { tenantFlag } from '../../base/flags.js'
import { TenantCommand } from '../../base/tenant-command.js'
import type { CatalogueEntry } from '../../clients/workflow-resources.js'
import { readCatalogue } from '../../operations/workflows.js'
import { catalogueView } from '../../views/workflow-views.js'

export default class WorkflowsCatalogue extends TenantCommand {
  static override summary = 'list the workflows that come with VetrAI'
  static override description = 'Make one your own with `vetrai workflows create NAME --from NAME`.'
  static override flags = { tenant: tenantFlag }
  static override examples = ['<%= config.bin %> <%= command.id %> --tenant acme']
  static override jsonDoc = {
    data: {
      '[]': {
        name: 'its name',
        title: 'what it is called',
        description: 'what it does',
        needs: { '[]': 'what it cannot do without' },
        graph: 'the workflow itself',
      },
    },
  }

  async run(): Promise<{ data: CatalogueEntry[] }> {
    const { flags } = await this.parse(WorkflowsCatalogue)
    return this.show(await readCatalogue(await this.tenantApi(flags.tenant)), catalogueView)
  }
}
