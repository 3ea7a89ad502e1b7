import { requiredArg, tenantFlag } from '../../base/flags.js'
import { keyDoc } from '../../base/resource-docs.js'
import { TenantCommand } from '../../base/tenant-command.js'
import type { ApiKey } from '../../clients/resources.js'
import { findKey, revokeKey } from '../../operations/keys.js'
import { keyView } from '../../views/key-views.js'

export default class KeysRevoke extends TenantCommand {
  static override summary = 'end an API key for good'
  static override description = 'It is refused everywhere within a second. Safe to repeat.'
  static override args = { key: requiredArg('id of the key, or its name where only one has it') }
  static override flags = { tenant: tenantFlag }
  static override examples = [
    '<%= config.bin %> <%= command.id %> ci --tenant acme',
    '<%= config.bin %> <%= command.id %> 01990f6e-5f0e-7000-8000-000000000000 --tenant acme --json',
  ]
  static override jsonDoc = keyDoc

  async run(): Promise<ApiKey> {
    const { args, flags } = await this.parse(KeysRevoke)
    const api = await this.tenantApi(flags.tenant)
    const { id } = await findKey(api, args.key)
    return this.show(await revokeKey(api, id), keyView)
  }
}
