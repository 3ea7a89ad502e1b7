import { requiredArg, tenantFlag } from '../../base/flags.js'
import { keyDoc } from '../../base/resource-docs.js'
import { TenantCommand } from '../../base/tenant-command.js'
import type { ApiKey } from '../../clients/resources.js'
import { findKey } from '../../operations/keys.js'
import { keyView } from '../../views/key-views.js'

export default class KeysInfo extends TenantCommand {
  static override summary = 'show an API key'
  static override description = 'Never shows the secret.'
  static override args = { key: requiredArg('id of the key, or its name where only one has it') }
  static override flags = { tenant: tenantFlag }
  static override examples = [
    '<%= config.bin %> <%= command.id %> ci --tenant acme',
    '<%= config.bin %> <%= command.id %> ci --tenant acme --json',
  ]
  static override jsonDoc = keyDoc

  async run(): Promise<ApiKey> {
    const { args, flags } = await this.parse(KeysInfo)
    const api = await this.tenantApi(flags.tenant)
    return this.show(await findKey(api, args.key), keyView)
  }
}
