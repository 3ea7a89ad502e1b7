import * as Flags from '@oclif/core/flags'
import { EXIT } from '../../base/exit-codes.js'
import { tenantFlag } from '../../base/flags.js'
import { given } from '../../base/given.js'
import { readSecret } from '../../base/read-secret.js'
import { TenantCommand } from '../../base/tenant-command.js'
import type { KeyVerdict } from '../../clients/resources.js'
import { verifyKey } from '../../operations/keys.js'
import { verdictView } from '../../views/key-views.js'

export default class KeysVerify extends TenantCommand {
  static override summary = 'ask whether an API key is good'
  static override description =
    'The key is read from standard input, or asked for on a terminal; never from arguments. Exits 4 when the key is refused.'
  static override flags = {
    tenant: tenantFlag,
    scopes: Flags.string({
      description: 'what it has to be allowed, separated by commas',
      env: 'VETRAI_SCOPES',
      multiple: true,
      multipleNonGreedy: true,
      delimiter: ',',
    }),
    cost: Flags.integer({ description: 'credits to spend', env: 'VETRAI_COST', min: 0 }),
  }
  static override examples = [
    'printenv API_KEY | <%= config.bin %> <%= command.id %> --tenant acme',
    'printenv API_KEY | <%= config.bin %> <%= command.id %> --tenant acme --scopes tenancy:read --cost 0 --json',
  ]
  static override jsonDoc = {
    valid: 'true when the key is good for what was asked',
    code: 'VALID, or why it is refused',
    key_id: 'id of the key; null when it is not known',
    scopes: { '[]': 'what it may do now' },
    remaining: 'credits left; null for a key without credits',
    ratelimit: { '[]': 'state of each rate limit' },
  }

  async run(): Promise<KeyVerdict> {
    const { flags } = await this.parse(KeysVerify)
    const flag = { flag: 'the key on standard input' }
    const fromStdin = process.stdin.isTTY !== true
    const key = await readSecret({ what: 'API key', fromStdin, flag, repeat: false })
    const question = { key, ...given({ scopes: flags.scopes, cost: flags.cost }) }
    const verdict = await verifyKey(await this.tenantApi(flags.tenant), question)
    if (!verdict.valid) process.exitCode = EXIT.refused
    return this.show(verdict, verdictView)
  }
}
