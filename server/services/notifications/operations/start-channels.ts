import { backgroundContext } from '../../../kernel/context.js'
import { type Resources, stateOf } from '../../../kernel/resources.js'
import { senders } from '../senders/senders.js'
import { vapidOfSettings } from '../senders/vapid.js'
import { isSuppressed, suppress } from './suppress.js'

/**
 * Checks the settings of the channels, so that a mistake ends the start and not the first message, and keeps mails
 * about accounts from addresses that bounced. A complaint is no reason: it was about somebody's news, and who
 * complained must still be able to reset a password.
 */
export function startChannels(resources: Resources): void {
  stateOf(resources, senders)
  vapidOfSettings(resources.config)
  const ctx = () => backgroundContext(resources, 'mail')
  resources.mail.keepFrom({
    has: async (address) => {
      const why = (await isSuppressed(ctx(), 'email', [address])).get(address)
      return why !== undefined && why.reason !== 'complaint'
    },
    add: async (address, reason, source) => {
      await suppress(ctx(), { tenantId: null, channel: 'email', address, reason, source })
    },
  })
}
