import * as Flags from '@oclif/core/flags'
import { tenantFlag } from '../../base/flags.js'
import { given } from '../../base/given.js'
import { messageFlags, messageOf } from '../../base/message-flags.js'
import { explanationDoc } from '../../base/notification-docs.js'
import { TenantCommand } from '../../base/tenant-command.js'
import type { Explanation } from '../../clients/notification-resources.js'
import { explainMessage } from '../../operations/notifications.js'
import { explanationView } from '../../views/notification-views.js'

export default class NotificationsExplain extends TenantCommand {
  static override summary = 'ask who would get what of a message, and why'
  static override description = 'The same decision that sending makes. Nothing is sent or changed.'
  static override flags = {
    tenant: tenantFlag,
    ...messageFlags,
    at: Flags.string({ description: 'as if it were then, RFC 3339', env: 'VETRAI_AT', helpValue: 'TIME' }),
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %> --tenant acme --subscribers customer-42 --template announcement',
    '<%= config.bin %> <%= command.id %> --tenant acme --subscribers customer-42 --template announcement --channels email,sms --at 2026-12-24T23:00:00Z --json',
  ]
  static override jsonDoc = explanationDoc

  async run(): Promise<Explanation> {
    const { flags } = await this.parse(NotificationsExplain)
    const message = { ...(await messageOf(flags)), ...given({ at: flags.at }) }
    return this.show(await explainMessage(await this.tenantApi(flags.tenant), message), explanationView)
  }
}
