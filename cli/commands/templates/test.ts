import { requiredArg, tenantFlag } from '../../base/flags.js'
import { renderingFlags, renderingOf } from '../../base/rendering-flags.js'
import { TenantCommand } from '../../base/tenant-command.js'
import type { TemplateTest } from '../../clients/resources.js'
import { testTemplate } from '../../operations/templates.js'
import { testedView } from '../../views/template-views.js'

export default class TemplatesTest extends TenantCommand {
  static override summary = 'mail a preview to yourself'
  static override description = 'To the verified address of the operator’s own account, and nowhere else.'
  static override args = { template: requiredArg('key of the template') }
  static override flags = { tenant: tenantFlag, ...renderingFlags }
  static override examples = [
    '<%= config.bin %> <%= command.id %> invoice --tenant acme',
    '<%= config.bin %> <%= command.id %> invoice --tenant acme --locale de --source draft --json',
  ]
  static override jsonDoc = {
    to: 'address it went to',
    subject: 'its subject',
    locale: 'locale of its words',
  }

  async run(): Promise<TemplateTest> {
    const { args, flags } = await this.parse(TemplatesTest)
    const api = await this.tenantApi(flags.tenant)
    return this.show(await testTemplate(api, args.template, await renderingOf(flags)), testedView)
  }
}
