import { requiredArg, tenantFilterFlag } from '../../base/flags.js'
import { userDoc } from '../../base/resource-docs.js'
import { TenantCommand } from '../../base/tenant-command.js'
import type { User } from '../../clients/resources.js'
import { findUser } from '../../operations/users.js'
import { userView } from '../../views/user-views.js'

export default class UsersInfo extends TenantCommand {
  static override summary = 'show a person'
  static override description = 'With --tenant their role in it, else their role in the installation.'
  static override args = { user: requiredArg('e-mail or id') }
  static override flags = { tenant: tenantFilterFlag }
  static override examples = [
    '<%= config.bin %> <%= command.id %> ann@acme.example',
    '<%= config.bin %> <%= command.id %> ann@acme.example --tenant acme --json',
  ]
  static override jsonDoc = userDoc

  async run(): Promise<User> {
    const { args, flags } = await this.parse(UsersInfo)
    return this.show(await findUser(await this.tenantApi(flags.tenant), args.user), userView)
  }
}
