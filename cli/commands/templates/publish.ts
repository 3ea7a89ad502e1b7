import * as Flags from '@oclif/core/flags'
import { requiredArg, tenantFlag } from '../../base/flags.js'
import { templateVersionDoc } from '../../base/resource-docs.js'
import { TenantCommand } from '../../base/tenant-command.js'
import type { TemplateVersion } from '../../clients/resources.js'
import { publishTemplate } from '../../operations/templates.js'
import { publishedView } from '../../views/template-views.js'

export default class TemplatesPublish extends TenantCommand {
  static override summary = 'publish the draft of a notification template'
  static override description =
    'All of it is checked and compiled first. It becomes a version that never changes, and is sent everywhere within a second.'
  static override args = { template: requiredArg('key of the template') }
  static override flags = {
    tenant: tenantFlag,
    note: Flags.string({ description: 'what changed', env: 'VETRAI_NOTE', helpValue: 'WORDS' }),
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %> invoice --tenant acme --note "shorter subject"',
    '<%= config.bin %> <%= command.id %> invoice --tenant acme --json',
  ]
  static override jsonDoc = templateVersionDoc

  async run(): Promise<TemplateVersion> {
    const { args, flags } = await this.parse(TemplatesPublish)
    const api = await this.tenantApi(flags.tenant)
    return this.show(await publishTemplate(api, args.template, flags.note), publishedView)
  }
}
