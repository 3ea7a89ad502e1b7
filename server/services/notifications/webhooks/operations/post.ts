import type { Ctx } from '../../../../kernel/context.js'
import { OutboundError } from '../../../../outbound/errors.js'
import { retryAfterMs } from '../../../../outbound/retry-after.js'
import type { SafeStream } from '../../../../outbound/safe-fetch.js'
import { RESPONSE_READ_BYTES, responseText } from '../rules/response-text.js'
import { SENT_LIKE } from './check-destination.js'

/** One request to a receiver. */
export interface WebhookRequest {
  url: string
  headers: Record<string, string>
  body: string
  /** Values that must not be kept where the receiver sends them back. */
  secrets: readonly string[]
}

/** What a receiver answered, or why there was no answer. */
export interface Reply {
  statusCode: number | null
  errorCode: string | null
  /** Fit to be shown to the tenant. */
  error: string | null
  response: string | null
  /** A day at most. */
  retryAfterMs: number | null
  durationMs: number
}

/** How long the beginning of an answer's body is waited for: by then its status has said all that counts. */
const BODY_WAIT_MS = 500

/**
 * Posts to a receiver through the guarded client: no redirect is followed, the address is checked as it is connected
 * to, and of the answer no more than its beginning is read, however long it goes on. Throws only when `signal` ended it.
 */
export async function post(ctx: Ctx, request: WebhookRequest, signal: AbortSignal): Promise<Reply> {
  const startedAt = performance.now()
  const took = () => Math.round(performance.now() - startedAt)
  try {
    const answer = await ctx.fetch.stream(request.url, {
      ...SENT_LIKE,
      method: 'POST',
      headers: request.headers,
      body: request.body,
      signal,
      timeoutMs: ctx.config.WEBHOOKS_TIMEOUT_MS,
      idleTimeoutMs: BODY_WAIT_MS,
      // Reading stops long before, whatever length the answer announces.
      maxBytes: Number.MAX_SAFE_INTEGER,
    })
    const durationMs = took()
    const beginning = await beginningOf(answer)
    return {
      statusCode: answer.status,
      errorCode: answer.ok ? null : `http_${answer.status}`,
      error: answer.ok ? null : `The receiver answered ${answer.status}.`,
      response: responseText(beginning, answer.headers['content-type'], request.secrets),
      retryAfterMs: retryAfterMs(answer.headers['retry-after'], ctx.now()),
      durationMs,
    }
  } catch (error) {
    if (signal.aborted || !(error instanceof OutboundError)) throw error
    const { code, message } = error
    return {
      statusCode: null,
      errorCode: code.slice(code.indexOf('.') + 1),
      error: message,
      response: null,
      retryAfterMs: null,
      durationMs: took(),
    }
  }
}

/** The first bytes of a body: what comes within a moment, and no more than is kept. */
async function beginningOf(answer: SafeStream): Promise<Buffer> {
  const until = performance.now() + BODY_WAIT_MS
  const pieces: Buffer[] = []
  let size = 0
  try {
    for await (const piece of answer.body) {
      pieces.push(piece)
      size += piece.length
      if (size >= RESPONSE_READ_BYTES || performance.now() > until) break
    }
  } catch {
    // It broke off or fell silent: what came so far is kept, and the status stands.
  } finally {
    answer.cancel()
  }
  return Buffer.concat(pieces).subarray(0, RESPONSE_READ_BYTES)
}
