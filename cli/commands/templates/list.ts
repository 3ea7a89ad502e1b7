import * as Flags from '@oclif/core/flags'
import { pageFlags, tenantFlag } from '../../base/flags.js'
import { given } from '../../base/given.js'
import { pageDoc } from '../../base/json-doc.js'
import { templateDoc } from '../../base/resource-docs.js'
import { TenantCommand } from '../../base/tenant-command.js'
import type { Page } from '../../clients/api.js'
import type { Template } from '../../clients/resources.js'
import { listTemplates } from '../../operations/templates.js'
import { templatesView } from '../../views/template-views.js'

export default class TemplatesList extends TenantCommand {
  static override summary = 'list the notification templates of a tenant'
  static override description = 'Those of the server, changed or not, and those of the tenant’s own.'
  static override flags = {
    tenant: tenantFlag,
    origin: Flags.string({
      description: 'only those of the server, or of the tenant',
      env: 'VETRAI_ORIGIN',
      options: ['shipped', 'own'],
    }),
    category: Flags.string({
      description: 'only those of this category',
      env: 'VETRAI_CATEGORY',
      helpValue: 'CATEGORY',
    }),
    ...pageFlags,
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %> --tenant acme',
    '<%= config.bin %> <%= command.id %> --tenant acme --origin own --all --json',
  ]
  static override jsonDoc = pageDoc(templateDoc)

  async run(): Promise<Page<Template>> {
    const { flags } = await this.parse(TemplatesList)
    const filter = given({ origin: flags.origin, category: flags.category })
    return this.show(await listTemplates(await this.tenantApi(flags.tenant), flags, filter), templatesView)
  }
}
