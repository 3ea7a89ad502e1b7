import * as Flags from '@oclif/core/flags'
import { requiredArg, tenantFlag } from '../../base/flags.js'
import { templateVersionDoc } from '../../base/resource-docs.js'
import { TenantCommand } from '../../base/tenant-command.js'
import type { TemplateVersion } from '../../clients/resources.js'
import { rollbackTemplate } from '../../operations/templates.js'
import { publishedView } from '../../views/template-views.js'

export default class TemplatesRollback extends TenantCommand {
  static override summary = 'send an earlier version of a notification template again'
  static override description = 'The draft stays as it is. `vetrai templates versions` lists what there is.'
  static override args = { template: requiredArg('key of the template') }
  static override flags = {
    tenant: tenantFlag,
    to: Flags.integer({
      description: 'number of the version',
      env: 'VETRAI_TO_VERSION',
      helpValue: 'VERSION',
      required: true,
      min: 1,
    }),
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %> invoice --tenant acme --to 2',
    '<%= config.bin %> <%= command.id %> invoice --tenant acme --to 2 --json',
  ]
  static override jsonDoc = templateVersionDoc

  async run(): Promise<TemplateVersion> {
    const { args, flags } = await this.parse(TemplatesRollback)
    const api = await this.tenantApi(flags.tenant)
    return this.show(await rollbackTemplate(api, args.template, flags.to), publishedView)
  }
}
