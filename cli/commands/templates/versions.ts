import { pageFlags, requiredArg, tenantFlag } from '../../base/flags.js'
import { pageDoc } from '../../base/json-doc.js'
import { templateVersionDoc } from '../../base/resource-docs.js'
import { TenantCommand } from '../../base/tenant-command.js'
import type { Page } from '../../clients/api.js'
import type { TemplateVersion } from '../../clients/resources.js'
import { listVersions } from '../../operations/templates.js'
import { versionsView } from '../../views/template-views.js'

export default class TemplatesVersions extends TenantCommand {
  static override summary = 'list the versions of a notification template'
  static override description = 'Newest first, with the one that is sent.'
  static override args = { template: requiredArg('key of the template') }
  static override flags = { tenant: tenantFlag, ...pageFlags }
  static override examples = [
    '<%= config.bin %> <%= command.id %> invoice --tenant acme',
    '<%= config.bin %> <%= command.id %> invoice --tenant acme --all --json',
  ]
  static override jsonDoc = pageDoc(templateVersionDoc)

  async run(): Promise<Page<TemplateVersion>> {
    const { args, flags } = await this.parse(TemplatesVersions)
    const api = await this.tenantApi(flags.tenant)
    return this.show(await listVersions(api, args.template, flags), versionsView)
  }
}
