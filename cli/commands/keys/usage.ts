import * as Flags from '@oclif/core/flags'
import { optionalArg, tenantFlag } from '../../base/flags.js'
import { given } from '../../base/given.js'
import { TenantCommand } from '../../base/tenant-command.js'
import type { KeyUsage } from '../../clients/resources.js'
import { findKey, keyUsage } from '../../operations/keys.js'
import { usageView } from '../../views/key-views.js'

export default class KeysUsage extends TenantCommand {
  static override summary = 'show how much API keys were used'
  static override description =
    'Of one key, or of all of the tenant. The counters reach the database every few seconds.'
  static override args = { key: optionalArg('id or name of the key; all without it') }
  static override flags = {
    tenant: tenantFlag,
    bucket: Flags.string({
      description: 'length of each line',
      env: 'VETRAI_BUCKET',
      options: ['hour', 'day'],
      default: 'hour',
    }),
    from: Flags.string({ description: 'start, RFC 3339', env: 'VETRAI_FROM', helpValue: 'TIME' }),
    to: Flags.string({ description: 'end, RFC 3339', env: 'VETRAI_TO', helpValue: 'TIME' }),
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %> --tenant acme',
    '<%= config.bin %> <%= command.id %> ci --tenant acme --bucket day --json',
  ]
  static override jsonDoc = {
    bucket: 'hour or day',
    from: 'start, inclusive',
    to: 'end, exclusive',
    totals: {
      requests: 'calls',
      verifications: 'verifications',
      valid: 'good ones',
      credits: 'credits spent',
    },
    data: {
      '[]': {
        start: 'start of the bucket',
        requests: 'calls',
        verifications: 'verifications',
        credits: 'spent',
      },
    },
  }

  async run(): Promise<KeyUsage> {
    const { args, flags } = await this.parse(KeysUsage)
    const api = await this.tenantApi(flags.tenant)
    const id = args.key === undefined ? undefined : (await findKey(api, args.key)).id
    const span = { bucket: flags.bucket, ...given({ from: flags.from, to: flags.to }) }
    return this.show(await keyUsage(api, id, span), usageView)
  }
}
