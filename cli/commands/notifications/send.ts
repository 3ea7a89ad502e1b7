import * as Flags from '@oclif/core/flags'
import { tenantFlag } from '../../base/flags.js'
import { given } from '../../base/given.js'
import { messageFlags, messageOf } from '../../base/message-flags.js'
import { acceptedDoc } from '../../base/notification-docs.js'
import { TenantCommand } from '../../base/tenant-command.js'
import type { AcceptedMessage } from '../../clients/notification-resources.js'
import { sendMessage } from '../../operations/notifications.js'
import { acceptedView } from '../../views/notification-views.js'

export default class NotificationsSend extends TenantCommand {
  static override summary = 'send a message to people'
  static override description =
    'By a template, or with words of its own. What each recipient gets follows from categories and preferences; `notifications explain` says it beforehand.'
  static override flags = {
    tenant: tenantFlag,
    ...messageFlags,
    topics: Flags.string({
      description: 'topics whose subscribers get it, separated by commas',
      env: 'VETRAI_TOPICS',
      helpValue: 'KEY,…',
      multiple: true,
      multipleNonGreedy: true,
      delimiter: ',',
    }),
    delay: Flags.integer({
      description: 'seconds to wait before it is sent',
      env: 'VETRAI_DELAY',
      helpValue: 'SECONDS',
      min: 1,
    }),
    'transaction-id': Flags.string({
      description: 'id of what happened: a second message with it is not sent',
      env: 'VETRAI_TRANSACTION_ID',
      helpValue: 'ID',
    }),
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %> --tenant acme --subscribers customer-42 --title "Your report is ready" --body "It took four minutes." --category product',
    `<%= config.bin %> <%= command.id %> --tenant acme --topics release-notes --template announcement --data '{"title":"Version 2","message":"It is here."}' --json`,
  ]
  static override jsonDoc = acceptedDoc

  async run(): Promise<AcceptedMessage> {
    const { flags } = await this.parse(NotificationsSend)
    const when = given({ delay_s: flags.delay, transaction_id: flags['transaction-id'] })
    const message = { ...(await messageOf(flags)), ...when }
    return this.show(await sendMessage(await this.tenantApi(flags.tenant), message), acceptedView)
  }
}
