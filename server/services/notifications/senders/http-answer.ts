import { OutboundError, OutboundRefusedError } from '../../../outbound/errors.js'
import type { SafeResponse } from '../../../outbound/safe-fetch.js'
import type { SendFailure } from './sender.js'

/** Longest pause that a Retry-After is believed for. */
const RETRY_AFTER_MAX_MS = 24 * 3_600_000

/** What an answer's Retry-After asks for, in milliseconds; undefined where it asks nothing that can be read. */
export function retryAfterOf({ headers }: Pick<SafeResponse, 'headers'>, now: Date): number | undefined {
  const text = headers['retry-after']?.trim()
  if (text === undefined) return undefined
  const at = /^\d{1,9}$/.test(text) ? now.getTime() + Number(text) * 1_000 : Date.parse(text)
  if (Number.isNaN(at)) return undefined
  return Math.min(Math.max(0, at - now.getTime()), RETRY_AFTER_MAX_MS)
}

/**
 * The outcome of a call that got no answer. One we refused to make is final where the tenant chose the address, and
 * waits for the operator where the operator did.
 */
export function failureOfCall(
  error: unknown,
  { provider, channel, isOwnAddress }: { provider: string; channel: 'sms' | 'push'; isOwnAddress: boolean },
): SendFailure {
  if (!(error instanceof OutboundError)) throw error
  const isRefused = error instanceof OutboundRefusedError
  if (isRefused && !isOwnAddress) {
    return {
      status: 'failed',
      provider,
      code: `${channel}_refused`,
      message: error.message,
      isRetryable: false,
    }
  }
  return {
    status: 'failed',
    provider,
    code: `${channel}_unavailable`,
    message: error.message,
    isRetryable: true,
  }
}

/** The outcome of an answer that says "not now". */
export function notNow(
  answer: SafeResponse,
  { provider, channel, now }: { provider: string; channel: 'sms' | 'push'; now: Date },
): SendFailure {
  const retryAfterMs = retryAfterOf(answer, now)
  const isBusy = answer.status === 429
  return {
    status: 'failed',
    provider,
    code: isBusy ? `${channel}_throttled` : `${channel}_unavailable`,
    message: isBusy
      ? 'The provider takes no more messages at the moment.'
      : `The provider cannot take messages now (${answer.status}).`,
    isRetryable: true,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  }
}

/** The answer's JSON; undefined where it holds none: what a provider adds to a status is welcome, not needed. */
export function jsonOf(answer: SafeResponse): unknown {
  try {
    return answer.json()
  } catch {
    return undefined
  }
}
