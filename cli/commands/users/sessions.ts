import * as Flags from '@oclif/core/flags'
import { requiredArg, tenantFilterFlag } from '../../base/flags.js'
import { pageDoc } from '../../base/json-doc.js'
import { sessionDoc } from '../../base/resource-docs.js'
import { TenantCommand } from '../../base/tenant-command.js'
import type { Page } from '../../clients/api.js'
import type { Session } from '../../clients/resources.js'
import { findUser, listSessions, revokeSessions } from '../../operations/users.js'
import { count } from '../../views/format.js'
import { sessionsView } from '../../views/user-views.js'

export default class UsersSessions extends TenantCommand {
  static override summary = 'list where a person is signed in, or sign them out'
  static override description =
    'With --revoke every session and access token ends first, everywhere within a second.'
  static override args = { user: requiredArg('e-mail or id') }
  static override flags = {
    tenant: tenantFilterFlag,
    revoke: Flags.boolean({ description: 'end every session of the person', env: 'VETRAI_REVOKE' }),
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %> ann@acme.example',
    '<%= config.bin %> <%= command.id %> ann@acme.example --revoke --json',
  ]
  static override jsonDoc = pageDoc(sessionDoc)

  async run(): Promise<Page<Session>> {
    const { args, flags } = await this.parse(UsersSessions)
    const api = await this.tenantApi(flags.tenant)
    const user = await findUser(api, args.user)
    if (flags.revoke) {
      const { sessions, tokens } = await revokeSessions(api, user)
      this.say(`Ended ${count(sessions, 'session')} and ${count(tokens, 'token')} of ${user.email}.`)
    }
    return this.show(await listSessions(api, user), sessionsView)
  }
}
