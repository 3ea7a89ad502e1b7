import { passwordStdinFlag, requiredArg, tenantFilterFlag } from '../../base/flags.js'
import { readSecret } from '../../base/read-secret.js'
import { userDoc } from '../../base/resource-docs.js'
import { TenantCommand } from '../../base/tenant-command.js'
import type { User } from '../../clients/resources.js'
import { findUser, setPassword } from '../../operations/users.js'
import { doneView } from '../../views/done-view.js'

export default class UsersSetPassword extends TenantCommand {
  static override summary = 'set the password of a person'
  static override description =
    'The password is read from standard input or asked for. Every session of the person ends.'
  static override args = { user: requiredArg('e-mail or id') }
  static override flags = { tenant: tenantFilterFlag, 'password-stdin': passwordStdinFlag }
  static override examples = [
    '<%= config.bin %> <%= command.id %> ann@acme.example',
    'printenv PASSWORD | <%= config.bin %> <%= command.id %> ann@acme.example --password-stdin --json',
  ]
  static override jsonDoc = userDoc

  async run(): Promise<User> {
    const { args, flags } = await this.parse(UsersSetPassword)
    const flag = { flag: '--password-stdin', env: 'VETRAI_PASSWORD_STDIN' }
    const password = await readSecret({
      what: 'new password',
      fromStdin: flags['password-stdin'],
      flag,
      repeat: true,
    })
    const api = await this.tenantApi(flags.tenant)
    const user = await setPassword(api, await findUser(api, args.user), password)
    return this.show(
      user,
      doneView(({ email }) => `The password of ${email} is set; their sessions have ended.`),
    )
  }
}
