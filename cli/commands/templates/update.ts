import { requiredArg, tenantFlag } from '../../base/flags.js'
import { jsonFlag, readJsonInput } from '../../base/json-input.js'
import { templateDetailDoc } from '../../base/resource-docs.js'
import { TenantCommand } from '../../base/tenant-command.js'
import { usageError } from '../../base/usage-error.js'
import type { TemplateDetail } from '../../clients/resources.js'
import { updateTemplate } from '../../operations/templates.js'
import { draftedView } from '../../views/template-views.js'

export default class TemplatesUpdate extends TenantCommand {
  static override summary = 'change words in the draft of a notification template'
  static override description =
    'By locale, channel and field; what is not named stays, and null removes. Nothing of it is sent before it is published.'
  static override args = { template: requiredArg('key of the template') }
  static override flags = { tenant: tenantFlag, content: jsonFlag('words by locale', 'VETRAI_CONTENT') }
  static override examples = [
    `<%= config.bin %> <%= command.id %> invoice --tenant acme --content '{"en":{"email":{"subject":"Your invoice {{number}}"}}}'`,
    '<%= config.bin %> <%= command.id %> invoice --tenant acme --content @words.json --json',
  ]
  static override jsonDoc = templateDetailDoc

  async run(): Promise<TemplateDetail> {
    const { args, flags } = await this.parse(TemplatesUpdate)
    const content = await readJsonInput('content', flags.content)
    if (content === undefined) throw usageError('There is nothing to change.', 'Add --content @FILE')
    const api = await this.tenantApi(flags.tenant)
    return this.show(await updateTemplate(api, args.template, content), draftedView)
  }
}
