import { defineState, type Resources, stateOf } from '../../../kernel/resources.js'
import { CircuitBreaker } from '../../../outbound/circuit-breaker.js'
import { Limiter } from '../../../storage/limiter.js'
import type { Destination } from '../channel.js'
import { emailSenders } from './email-senders.js'
import { pushSender } from './push-sender.js'
import type { Sender } from './sender.js'
import { smsSenders } from './sms-senders.js'

/** What one process keeps to send: the providers of each channel, which of them are down, the channels' rates. */
export const senders = defineState('notifications.senders', (resources) => ({
  byChannel: providersOf(resources),
  breaker: new CircuitBreaker(() => resources.now().getTime()),
  limiter: new Limiter(resources.redis, () => resources.metrics.limiterFallback.inc()),
}))

/** The providers of a channel in the order they are tried; empty where the installation has none. */
export function sendersOf(resources: Resources, channel: Destination['channel']): readonly Sender[] {
  return stateOf(resources, senders).byChannel[channel]
}

function providersOf(resources: Resources): Record<Destination['channel'], readonly Sender[]> {
  return { email: emailSenders(resources), sms: smsSenders(resources), push: [pushSender(resources)] }
}
