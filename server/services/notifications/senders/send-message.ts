import type { Resources } from '../../../kernel/resources.js'
import { stateOf } from '../../../kernel/resources.js'
import type { Outgoing, SendOutcome } from '../channel.js'
import { isUnavailable } from './sender.js'
import { circuitName, senders } from './senders.js'

/**
 * Hands a message to the first provider of its channel that takes it: one that is away, or cannot take it now, is
 * followed by the next; what one refused for good no other is asked. Never throws. `onAttempt` hears of every try,
 * the last one's outcome is the answer. Delivered at least once: a provider that hung up may have taken it.
 */
export async function sendMessage(
  resources: Resources,
  outgoing: Outgoing,
  signal: AbortSignal,
  onAttempt: (outcome: SendOutcome) => void = () => undefined,
): Promise<SendOutcome> {
  const { byChannel, breaker } = stateOf(resources, senders)
  const { channel } = outgoing.destination
  let last: SendOutcome | undefined
  let waitMs = Number.POSITIVE_INFINITY
  for (const sender of byChannel[channel]) {
    if (signal.aborted) return last ?? interrupted(sender.provider)
    const circuit = circuitName(channel, sender.circuitOf(outgoing))
    const pause = breaker.waitMs(circuit)
    if (pause > 0) {
      waitMs = Math.min(waitMs, pause)
      continue
    }
    const startedAt = performance.now()
    last = await sender.send(outgoing, signal)
    // A call we ended ourselves says nothing of the provider.
    if (!signal.aborted) breaker.record(circuit, !isUnavailable(last))
    resources.metrics.sends.observe(
      { channel, provider: sender.provider, outcome: wordFor(last) },
      (performance.now() - startedAt) / 1000,
    )
    onAttempt(last)
    if (last.status === 'sent' || !last.isRetryable) return last
  }
  return last ?? (byChannel[channel].length === 0 ? notConfigured(channel) : allDown(channel, waitMs))
}

/** What came of a try, in the word that metrics have for it. */
function wordFor(outcome: SendOutcome): string {
  if (outcome.status === 'sent') return 'sent'
  if (isUnavailable(outcome)) return 'unavailable'
  return outcome.isRetryable ? 'put_off' : 'refused'
}

function interrupted(provider: string): SendOutcome {
  const message = 'Sending was interrupted.'
  return { status: 'failed', provider, code: 'interrupted', message, isRetryable: true }
}

function notConfigured(channel: string): SendOutcome {
  return {
    status: 'failed',
    provider: 'none',
    code: 'channel_not_configured',
    message: `This installation has no provider for ${channel}.`,
    isRetryable: false,
  }
}

function allDown(channel: string, retryAfterMs: number): SendOutcome {
  return {
    status: 'failed',
    provider: 'none',
    code: 'providers_down',
    message: `No provider for ${channel} can be reached at the moment.`,
    isRetryable: true,
    retryAfterMs,
  }
}
