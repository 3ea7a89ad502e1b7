import * as Args from '@oclif/core/args'
import { requiredArg, tenantFilterFlag } from '../../base/flags.js'
import { userDoc } from '../../base/resource-docs.js'
import { TenantCommand } from '../../base/tenant-command.js'
import type { User } from '../../clients/resources.js'
import { findUser, ROLES, setRole } from '../../operations/users.js'
import { userView } from '../../views/user-views.js'

export default class UsersSetRole extends TenantCommand {
  static override summary = 'give a person another role'
  static override description =
    'With --tenant a role in it (org_admin, billing_admin, user), else a role of the installation (super_admin, support_agent). Effective within a second.'
  static override args = {
    user: requiredArg('e-mail or id'),
    role: Args.string({ description: 'the role', required: true, options: [...ROLES], ignoreStdin: true }),
  }
  static override flags = { tenant: tenantFilterFlag }
  static override examples = [
    '<%= config.bin %> <%= command.id %> ann@acme.example org_admin --tenant acme',
    '<%= config.bin %> <%= command.id %> sam@example.com support_agent --json',
  ]
  static override jsonDoc = userDoc

  async run(): Promise<User> {
    const { args, flags } = await this.parse(UsersSetRole)
    const api = await this.tenantApi(flags.tenant)
    return this.show(await setRole(api, await findUser(api, args.user), args.role), userView)
  }
}
