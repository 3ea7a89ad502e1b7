import * as Flags from '@oclif/core/flags'
import { requiredArg, tenantFlag } from '../../base/flags.js'
import { createdKeyDoc } from '../../base/resource-docs.js'
import { TenantCommand } from '../../base/tenant-command.js'
import type { CreatedKey } from '../../clients/resources.js'
import { findKey, rotateKey } from '../../operations/keys.js'
import { createdKeyView } from '../../views/key-views.js'

export default class KeysRotate extends TenantCommand {
  static override summary = 'replace an API key by a new one'
  static override description =
    'The successor has the same name, scopes and limits, and is shown this once. The old secret stays good for the grace time.'
  static override args = { key: requiredArg('id of the key, or its name where only one has it') }
  static override flags = {
    tenant: tenantFlag,
    grace: Flags.integer({
      description: 'seconds the old key stays good',
      env: 'VETRAI_GRACE',
      default: 0,
      min: 0,
      max: 604_800,
      helpValue: 'SECONDS',
    }),
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %> ci --tenant acme',
    '<%= config.bin %> <%= command.id %> ci --tenant acme --grace 3600 --json',
  ]
  static override jsonDoc = createdKeyDoc

  async run(): Promise<CreatedKey> {
    const { args, flags } = await this.parse(KeysRotate)
    const api = await this.tenantApi(flags.tenant)
    const { id } = await findKey(api, args.key)
    return this.show(await rotateKey(api, id, flags.grace), createdKeyView)
  }
}
