import * as Flags from '@oclif/core/flags'
import { passwordStdinFlag, requiredArg, tenantFilterFlag } from '../../base/flags.js'
import { given } from '../../base/given.js'
import { readSecret } from '../../base/read-secret.js'
import { userDoc } from '../../base/resource-docs.js'
import { TenantCommand } from '../../base/tenant-command.js'
import type { User } from '../../clients/resources.js'
import { createUser, ROLES } from '../../operations/users.js'
import { userView } from '../../views/user-views.js'

export default class UsersCreate extends TenantCommand {
  static override summary = 'create a person'
  static override description =
    'With --tenant they get a role in it: org_admin, billing_admin or user. Without, a role of the installation: super_admin or support_agent. Without a password they set one by the link of a reset mail.'
  static override args = { email: requiredArg('e-mail they sign in with') }
  static override flags = {
    tenant: tenantFilterFlag,
    role: Flags.string({ description: 'their role', env: 'VETRAI_USER_ROLE', options: [...ROLES] }),
    name: Flags.string({ description: 'display name', env: 'VETRAI_USER_NAME' }),
    'password-stdin': passwordStdinFlag,
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %> ann@acme.example --tenant acme --role org_admin',
    'printenv PASSWORD | <%= config.bin %> <%= command.id %> ann@acme.example --tenant acme --role user --password-stdin --json',
  ]
  static override jsonDoc = userDoc

  async run(): Promise<User> {
    const { args, flags } = await this.parse(UsersCreate)
    const password = flags['password-stdin'] ? await readPassword() : undefined
    const user = { email: args.email, ...given({ name: flags.name, role: flags.role, password }) }
    return this.show(await createUser(await this.tenantApi(flags.tenant), user), userView)
  }
}

function readPassword(): Promise<string> {
  return readSecret({ what: 'password', fromStdin: true, flag: { flag: '--password-stdin' }, repeat: false })
}
