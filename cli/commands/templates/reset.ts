import { confirmByName } from '../../base/confirm.js'
import { confirmFlag, requiredArg, tenantFlag } from '../../base/flags.js'
import { TenantCommand } from '../../base/tenant-command.js'
import { resetTemplate } from '../../operations/templates.js'
import { resetView } from '../../views/template-views.js'

type Reset = Awaited<ReturnType<typeof resetTemplate>>

export default class TemplatesReset extends TenantCommand {
  static override summary = 'give a notification template its shipped words back'
  static override description =
    'What the tenant wrote is no longer sent, and its draft is gone; versions stay and can be rolled back to. A template of the tenant’s own is deleted with all its versions.'
  static override args = { template: requiredArg('key of the template') }
  static override flags = { tenant: tenantFlag, confirm: confirmFlag('the key') }
  static override examples = [
    '<%= config.bin %> <%= command.id %> invoice --tenant acme --confirm invoice',
    '<%= config.bin %> <%= command.id %> invoice --tenant acme --confirm invoice --json',
  ]
  static override jsonDoc = { key: 'key of the template', reset: 'true' }

  async run(): Promise<Reset> {
    const { args, flags } = await this.parse(TemplatesReset)
    const api = await this.tenantApi(flags.tenant)
    const consequence = `ends the words that ${flags.tenant} gave ${args.template}`
    await confirmByName({ name: args.template, consequence, given: flags.confirm })
    return this.show(await resetTemplate(api, args.template), resetView)
  }
}
