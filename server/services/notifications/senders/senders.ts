import { defineState, type Resources, stateOf } from '../../../kernel/resources.js'
import { CircuitBreaker } from '../../../outbound/circuit-breaker.js'
import { Limiter } from '../../../storage/limiter.js'
import type { Destination } from '../channel.js'
import { emailSenders } from './email-senders.js'
import { pushSender } from './push-sender.js'
import type { Sender } from './sender.js'
import { smsSenders } from './sms-senders.js'

/** What one process keeps to send: the providers of each channel, which of them are down, the channels' rates. */
export const senders = defineState('notifications.senders', (resources) => {
  const byChannel = providersOf(resources)
  const breaker = new CircuitBreaker(() => resources.now().getTime())
  resources.metrics.watchCircuits(() => countOpen(Object.keys(byChannel), breaker.open()))
  return {
    byChannel,
    breaker,
    limiter: new Limiter(resources.redis, () => resources.metrics.limiterFallback.inc()),
  }
})

/** The circuit of what is down when a message of this channel cannot be handed to that provider or host. */
export function circuitName(channel: Destination['channel'], what: string): string {
  return `${channel}:${what}`
}

function countOpen(
  channels: readonly string[],
  open: readonly string[],
): { channel: string; count: number }[] {
  return channels.map((channel) => ({
    channel,
    count: open.filter((name) => name.startsWith(`${channel}:`)).length,
  }))
}

/** The providers of a channel in the order they are tried; empty where the installation has none. */
export function sendersOf(resources: Resources, channel: Destination['channel']): readonly Sender[] {
  return stateOf(resources, senders).byChannel[channel]
}

function providersOf(resources: Resources): Record<Destination['channel'], readonly Sender[]> {
  return { email: emailSenders(resources), sms: smsSenders(resources), push: [pushSender(resources)] }
}
