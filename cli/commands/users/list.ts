import * as Flags from '@oclif/core/flags'
import { pageFlags, tenantFilterFlag } from '../../base/flags.js'
import { given } from '../../base/given.js'
import { pageDoc } from '../../base/json-doc.js'
import { userDoc } from '../../base/resource-docs.js'
import { TenantCommand } from '../../base/tenant-command.js'
import type { Page } from '../../clients/api.js'
import type { User } from '../../clients/resources.js'
import { listUsers } from '../../operations/users.js'
import { usersView } from '../../views/user-views.js'

export default class UsersList extends TenantCommand {
  static override summary = 'list people'
  static override description = 'Of one tenant with their role in it, or of the whole deployment.'
  static override flags = {
    tenant: tenantFilterFlag,
    search: Flags.string({ description: 'part of the e-mail or the name', env: 'VETRAI_SEARCH' }),
    status: Flags.string({
      description: 'only these',
      env: 'VETRAI_STATUS',
      options: ['active', 'disabled'],
    }),
    ...pageFlags,
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --tenant acme --all --json',
  ]
  static override jsonDoc = pageDoc(userDoc)

  async run(): Promise<Page<User>> {
    const { flags } = await this.parse(UsersList)
    const filter = given({ q: flags.search, status: flags.status })
    return this.show(await listUsers(await this.tenantApi(flags.tenant), flags, filter), usersView)
  }
}
