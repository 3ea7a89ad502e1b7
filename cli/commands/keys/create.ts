import * as Flags from '@oclif/core/flags'
import { tenantFlag } from '../../base/flags.js'
import { given } from '../../base/given.js'
import { parseRateLimit, rateLimitFlag } from '../../base/rate-limit-flag.js'
import { createdKeyDoc } from '../../base/resource-docs.js'
import { TenantCommand } from '../../base/tenant-command.js'
import type { CreatedKey } from '../../clients/resources.js'
import { createKey } from '../../operations/keys.js'
import { createdKeyView } from '../../views/key-views.js'

export default class KeysCreate extends TenantCommand {
  static override summary = 'create an API key'
  static override description =
    'The key is shown this once and never again. It can do no more than its scopes say, and no more than the tenant may.'
  static override flags = {
    tenant: tenantFlag,
    name: Flags.string({
      description: 'what it is for',
      helpValue: 'NAME',
      env: 'VETRAI_KEY_NAME',
      required: true,
    }),
    scopes: Flags.string({
      description: 'what it may do: resource:action or resource:*, separated by commas',
      helpValue: 'SCOPE,…',
      env: 'VETRAI_SCOPES',
      required: true,
      multiple: true,
      multipleNonGreedy: true,
      delimiter: ',',
    }),
    environment: Flags.string({
      description: 'live, or test',
      env: 'VETRAI_ENVIRONMENT',
      options: ['live', 'test'],
    }),
    'expires-in-days': Flags.integer({
      description: 'days until it stops working; never without it',
      env: 'VETRAI_EXPIRES_IN_DAYS',
      helpValue: 'DAYS',
      min: 1,
    }),
    'allowed-ips': Flags.string({
      description: 'addresses or CIDRs it may be used from, separated by commas',
      env: 'VETRAI_ALLOWED_IPS',
      helpValue: 'CIDR,…',
      multiple: true,
      multipleNonGreedy: true,
      delimiter: ',',
    }),
    credits: Flags.integer({
      description: 'how much it may spend; unlimited without it',
      env: 'VETRAI_CREDITS',
      helpValue: 'AMOUNT',
      min: 0,
    }),
    'rate-limit': rateLimitFlag,
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %> --tenant acme --name ci --scopes tenancy:read',
    '<%= config.bin %> <%= command.id %> --tenant acme --name batch --scopes "keys:verify,tenancy:read" --expires-in-days 90 --rate-limit requests=100/60 --json',
  ]
  static override jsonDoc = createdKeyDoc

  async run(): Promise<CreatedKey> {
    const { flags } = await this.parse(KeysCreate)
    const key = {
      name: flags.name,
      scopes: flags.scopes,
      ...given({
        environment: flags.environment,
        expires_in_days: flags['expires-in-days'],
        allowed_ips: flags['allowed-ips'],
        credits: flags.credits,
        rate_limits: flags['rate-limit']?.map(parseRateLimit),
      }),
    }
    return this.show(await createKey(await this.tenantApi(flags.tenant), key), createdKeyView)
  }
}
