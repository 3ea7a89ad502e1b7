import { z } from 'zod'
import { jsonValue } from '../../../../kernel/schema.js'
import { OutboundError, OutboundRefusedError } from '../../../../outbound/errors.js'
import { retryAfterMs } from '../../../../outbound/retry-after.js'
import type { SafeResponse } from '../../../../outbound/safe-fetch.js'
import { partsOf } from '../expressions/template.js'
import { template } from '../graph/pieces.js'
import { STEP_OUTPUT_MAX } from '../limits.js'
import { type Step, StepFailure, type StepResult } from './step.js'

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

const headerName = z
  .string()
  .min(1)
  .max(100)
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'is no header name')

export const httpConfig = z.strictObject({
  method: z.enum(METHODS).default('GET'),
  url: template(2_048).meta({ examples: ['https://api.example.com/v1/people'] }),
  query: z.record(z.string().min(1).max(100), template(2_000)).default({}).describe('May hold secrets.'),
  headers: z.record(headerName, template(4_000)).default({}).describe('May hold secrets.'),
  body: jsonValue.optional().describe('Sent as JSON, or as it is where it is text.'),
  timeout_s: z.int().min(1).max(120).default(30),
  expect: z
    .array(z.int().min(100).max(599))
    .min(1)
    .max(50)
    .optional()
    .describe('Statuses that are a success; 200 to 299 where left out.'),
})
type HttpConfig = z.output<typeof httpConfig>

/** Headers of the answer that are worth keeping; none of them carries a credential. */
const KEPT_HEADERS = [
  'content-type',
  'etag',
  'last-modified',
  'link',
  'location',
  'retry-after',
  'x-request-id',
]

/** Calls a URL through the guarded client. Secrets go to the hosts they are for, and nowhere else. */
export async function callHttp(step: Step, raw: HttpConfig): Promise<StepResult> {
  const { query: rawQuery, headers: rawHeaders, ...rest } = raw
  const config = await step.config(httpConfig.omit({ query: true, headers: true }), rest)
  const url = urlOf(config.url)
  const query = await step.reveal(allParts(rawQuery), url)
  const headers = await step.reveal(allParts(rawHeaders), url)
  const secrets = [...query.secrets, ...headers.secrets]
  step.show({
    method: config.method,
    url: withQuery(url, query.shown),
    headers: headers.shown,
    ...(config.body === undefined ? {} : { body: config.body }),
  })
  const answer = await send(step, config, withQuery(url, query.real), headers.real)
  if (!isExpected(config, answer.status)) throw badStatus(step, answer)
  return { output: presentAnswer(answer, secrets) }
}

async function send(
  step: Step,
  { method, body, timeout_s }: Pick<HttpConfig, 'method' | 'body' | 'timeout_s'>,
  url: string,
  headers: Record<string, string>,
): Promise<SafeResponse> {
  const isReading = method === 'GET' || method === 'HEAD'
  const text =
    body === undefined || isReading ? undefined : typeof body === 'string' ? body : JSON.stringify(body)
  try {
    return await step.ctx.fetch.fetch(url, {
      method,
      headers: {
        ...(text === undefined || typeof body === 'string' ? {} : { 'content-type': 'application/json' }),
        ...(isReading ? {} : { 'idempotency-key': step.idempotencyKey }),
        ...headers,
      },
      ...(text === undefined ? {} : { body: text }),
      timeoutMs: timeout_s * 1_000,
      maxBytes: STEP_OUTPUT_MAX,
      signal: step.signal,
    })
  } catch (error) {
    throw networkFailure(error)
  }
}

function allParts(texts: Record<string, string>) {
  return Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, partsOf(text)]))
}

function urlOf(text: string): URL {
  if (!URL.canParse(text)) throw new StepFailure('invalid_config', '"url" is no URL.')
  return new URL(text)
}

function withQuery(url: URL, query: Record<string, string>): string {
  const full = new URL(url)
  for (const [name, value] of Object.entries(query)) full.searchParams.set(name, value)
  return full.href
}

function isExpected({ expect }: Pick<HttpConfig, 'expect'>, status: number): boolean {
  return expect ? expect.includes(status) : status >= 200 && status < 300
}

/** What may be better at another time: the other end is busy, or had an accident. */
function isPassing(status: number): boolean {
  return status === 408 || status === 425 || status === 429 || status >= 500
}

function badStatus(step: Step, { status, headers }: SafeResponse): StepFailure {
  return new StepFailure('http_status', `The other server answered ${status}.`, {
    isRetryable: isPassing(status),
    retryAfterMs: retryAfterMs(headers['retry-after'], step.ctx.now()),
  })
}

/** A call without an answer, as a failure of the step; others pass unchanged. */
export function networkFailure(error: unknown): unknown {
  if (!(error instanceof OutboundError) || error.code === 'outbound.aborted') return error
  const isFinal = error instanceof OutboundRefusedError || error.code === 'outbound.too_large'
  return new StepFailure(error.code.replace('.', '_'), error.message, { isRetryable: !isFinal })
}

function presentAnswer(answer: SafeResponse, secrets: readonly string[]) {
  const headers = Object.fromEntries(
    KEPT_HEADERS.flatMap((name) => {
      const value = answer.headers[name]
      return typeof value === 'string' ? [[name, withoutSecrets(value, secrets)]] : []
    }),
  )
  const text = withoutSecrets(answer.text(), secrets)
  const isJson = /^application\/(?:[a-z0-9.+-]+\+)?json\b/i.test(String(answer.headers['content-type'] ?? ''))
  return { status: answer.status, headers, body: isJson ? parsed(text) : text }
}

function parsed(text: string): unknown {
  if (text === '') return null
  try {
    return JSON.parse(text)
  } catch {
    throw new StepFailure('bad_answer', 'The answer says it is JSON and is not.')
  }
}

/** An answer that repeats a secret must not bring it into the run's state. */
function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets.reduce((rest, secret) => rest.replaceAll(secret, '[secret]'), text)
}
