import type { Outgoing, SendOutcome } from '../channel.js'

/** One way of one channel: hands messages to one provider. */
export interface Sender {
  /** Stable word, e.g. `smtp` or `twilio`; shown with deliveries. */
  readonly provider: string
  /** What is down when this message cannot be handed over: the provider, or the host behind this destination. */
  circuitOf(outgoing: Outgoing): string
  /** Hands one message over. Never throws: every failure is an outcome. */
  send(outgoing: Outgoing, signal: AbortSignal): Promise<SendOutcome>
}

/** The failed half of SendOutcome. */
export type SendFailure = Extract<SendOutcome, { status: 'failed' }>

/** Whether a failure says that the provider itself is away, not that it judged this message. */
export function isUnavailable(outcome: SendOutcome): boolean {
  return outcome.status === 'failed' && outcome.code.endsWith('_unavailable')
}
