import { requiredArg, tenantFilterFlag } from '../../base/flags.js'
import { userDoc } from '../../base/resource-docs.js'
import { TenantCommand } from '../../base/tenant-command.js'
import type { User } from '../../clients/resources.js'
import { findUser, setDisabled } from '../../operations/users.js'
import { userView } from '../../views/user-views.js'

export default class UsersDisable extends TenantCommand {
  static override summary = 'shut a person out'
  static override description =
    'Their sessions and tokens end everywhere within a second; nothing is deleted. Safe to repeat.'
  static override args = { user: requiredArg('e-mail or id') }
  static override flags = { tenant: tenantFilterFlag }
  static override examples = [
    '<%= config.bin %> <%= command.id %> ann@acme.example',
    '<%= config.bin %> <%= command.id %> ann@acme.example --json',
  ]
  static override jsonDoc = userDoc

  async run(): Promise<User> {
    const { args, flags } = await this.parse(UsersDisable)
    const api = await this.tenantApi(flags.tenant)
    return this.show(await setDisabled(api, await findUser(api, args.user), true), userView)
  }
}
