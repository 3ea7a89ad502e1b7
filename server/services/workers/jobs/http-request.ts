import { z } from 'zod'
import { defineJob } from '../../../kernel/define-job.js'
import { GiveUp, RunLater } from '../../../kernel/job-handle.js'
import { jsonValue } from '../../../kernel/schema.js'
import { OutboundError, OutboundRefusedError } from '../../../outbound/errors.js'
import { retryAfterMs } from '../../../outbound/retry-after.js'

/** Of an answer's body, what the job keeps. */
const KEPT_CHARACTERS = 2_000
/** Statuses that say "not now" (RFC 9110, RFC 6585, RFC 8470). */
const NOT_NOW = new Set([408, 425, 429])

const payload = z.strictObject({
  url: z.url({ protocol: /^https?$/ }).max(2_048),
  method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']).default('POST'),
  headers: z
    .record(z.string().max(100), z.string().max(1_000))
    .default({})
    .describe('Kept with the job and shown to whoever may read it: no place for passwords.'),
  body: jsonValue.optional(),
  timeout_s: z.number().min(1).max(60).default(15),
})

/**
 * Calls the tenant's own application: how an app runs its background work on time, with retries. The job's id goes
 * along as Idempotency-Key, so that a call that was answered and not recorded can be told from a new one.
 */
export const httpRequest = defineJob({
  name: 'workers.http-request',
  payload,
  attempts: 8,
  timeoutMs: 65_000,
  safeToRepeat: 'the receiver tells repeats by the Idempotency-Key, which is the id of the job',
  backoff: { baseMs: 2_000, capMs: 900_000 },
  concurrency: { perTenant: 20 },
  exposed: { permission: 'workers.jobs.create', summary: 'Call a URL of your application, with retries.' },
  run: async (ctx, input, job) => {
    const hasBody = input.body !== undefined && input.method !== 'GET'
    const response = await ctx.fetch
      .fetch(input.url, {
        method: input.method,
        headers: {
          ...(hasBody ? { 'content-type': 'application/json' } : {}),
          ...input.headers,
          'idempotency-key': job.id,
          'x-vetrai-attempt': String(job.attempt),
        },
        ...(hasBody ? { body: JSON.stringify(input.body) } : {}),
        redirect: 'manual',
        timeoutMs: input.timeout_s * 1000,
        maxBytes: 1_048_576,
        signal: job.signal,
      })
      .catch((error: unknown) => {
        const isFinal = error instanceof OutboundRefusedError || isUnsendable(error)
        throw isFinal ? new GiveUp((error as Error).message) : error
      })
    const { status } = response
    const words = `the receiver answered ${status}`
    job.log(words)
    if (status >= 200 && status < 300) return { status, body: response.text().slice(0, KEPT_CHARACTERS) }
    if (status < 500 && !NOT_NOW.has(status)) throw new GiveUp(words)
    const pause = retryAfterMs(response.headers['retry-after'], ctx.now())
    throw pause === null ? new Error(words) : new RunLater(words, pause)
  },
})

function isUnsendable(error: unknown): boolean {
  return (
    error instanceof OutboundError &&
    (error.code === 'outbound.invalid_request' || error.code === 'outbound.invalid_url')
  )
}
