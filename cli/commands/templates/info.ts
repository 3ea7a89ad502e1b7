import { requiredArg, tenantFlag } from '../../base/flags.js'
import { templateDetailDoc } from '../../base/resource-docs.js'
import { TenantCommand } from '../../base/tenant-command.js'
import type { TemplateDetail } from '../../clients/resources.js'
import { getTemplate } from '../../operations/templates.js'
import { templateView } from '../../views/template-views.js'

export default class TemplatesInfo extends TenantCommand {
  static override summary = 'show a notification template'
  static override description = 'With the variables its words may show; its words are in the JSON.'
  static override args = { template: requiredArg('key of the template') }
  static override flags = { tenant: tenantFlag }
  static override examples = [
    '<%= config.bin %> <%= command.id %> invoice --tenant acme',
    '<%= config.bin %> <%= command.id %> invoice --tenant acme --json',
  ]
  static override jsonDoc = templateDetailDoc

  async run(): Promise<TemplateDetail> {
    const { args, flags } = await this.parse(TemplatesInfo)
    return this.show(await getTemplate(await this.tenantApi(flags.tenant), args.template), templateView)
  }
}
