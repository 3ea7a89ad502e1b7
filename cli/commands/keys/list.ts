import * as Flags from '@oclif/core/flags'
import { pageFlags, tenantFlag } from '../../base/flags.js'
import { given } from '../../base/given.js'
import { pageDoc } from '../../base/json-doc.js'
import { keyDoc } from '../../base/resource-docs.js'
import { TenantCommand } from '../../base/tenant-command.js'
import type { Page } from '../../clients/api.js'
import type { ApiKey } from '../../clients/resources.js'
import { listKeys } from '../../operations/keys.js'
import { keysView } from '../../views/key-views.js'

export default class KeysList extends TenantCommand {
  static override summary = 'list the API keys of a tenant'
  static override description = 'Never shows a secret.'
  static override flags = {
    tenant: tenantFlag,
    state: Flags.string({
      description: 'only keys in this state',
      env: 'VETRAI_STATE',
      options: ['active', 'retiring', 'disabled', 'expired', 'revoked'],
    }),
    environment: Flags.string({
      description: 'only keys of this environment',
      env: 'VETRAI_ENVIRONMENT',
      options: ['live', 'test'],
    }),
    ...pageFlags,
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %> --tenant acme',
    '<%= config.bin %> <%= command.id %> --tenant acme --state active --all --json',
  ]
  static override jsonDoc = pageDoc(keyDoc)

  async run(): Promise<Page<ApiKey>> {
    const { flags } = await this.parse(KeysList)
    const filter = given({ state: flags.state, environment: flags.environment })
    return this.show(await listKeys(await this.tenantApi(flags.tenant), flags, filter), keysView)
  }
}
