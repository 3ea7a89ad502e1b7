import type { IncomingMessage } from 'node:http'
import type { z } from 'zod'
import type { InputProblem } from '../kernel/define-errors.js'
import type { RouteRecord } from '../kernel/define-route.js'
import { kernelErrors } from '../kernel/errors.js'
import { PROBLEM_LIMIT, pointerTo, problemsOf } from '../kernel/input-problems.js'

export const BODY_LIMIT = 1_048_576
export const DEPTH_LIMIT = 32

/** What a handler is given. */
export interface ParsedInput {
  params: unknown
  query: unknown
  body: unknown
  headers: unknown
  rawBody: Buffer | null
  /** Of a stream that is resumed, else null. */
  lastEventId: unknown
}

/** The input of a handler: each part parsed by its schema, all problems of all parts thrown together. */
export async function readInput(
  request: IncomingMessage,
  record: RouteRecord,
  rawParams: Record<string, string>,
  search: string,
): Promise<ParsedInput> {
  const { input } = record
  const rawBody = input.body ? await readBody(request) : null
  if (!input.body && record.method !== 'get' && Number(request.headers['content-length'] ?? 0) > BODY_LIMIT) {
    throw new kernelErrors.TooLarge({ limit: BODY_LIMIT })
  }
  const problems: InputProblem[] = []
  const params = parsePart(input.params, rawParams, 'params', problems)
  const query =
    search === '' && !input.query ? undefined : parsePart(input.query, queryOf(search), 'query', problems)
  if (!input.query && search !== '') {
    for (const name of new URLSearchParams(search).keys()) problems.push(unknownParameter(name))
  }
  const body =
    input.body && rawBody
      ? parsePart(input.body, parseBody(request, record, rawBody), '', problems)
      : undefined
  const headers = parsePart(input.headers, { ...request.headers }, 'headers', problems)
  const lastEventId = readLastEventId(request, record, problems)
  if (problems.length > 0) throw new kernelErrors.Invalid({ problems: problems.slice(0, PROBLEM_LIMIT) })
  return { params, query, body, headers, rawBody, lastEventId }
}

function parsePart(
  schema: z.ZodType | undefined,
  value: unknown,
  where: string,
  problems: InputProblem[],
): unknown {
  if (!schema) return undefined
  const result = schema.safeParse(value)
  if (result.success) return result.data
  problems.push(...problemsOf(result.error, where === '' ? [] : where.split('/')))
  return undefined
}

/** An id that no event ever had is refused like any other input; a stream without ids has nothing to resume. */
function readLastEventId(request: IncomingMessage, record: RouteRecord, problems: InputProblem[]): unknown {
  const schema = record.stream?.eventId
  const sent = request.headers['last-event-id']
  if (!schema || sent === undefined || sent === '') return null
  return parsePart(schema, sent, 'headers/last-event-id', problems)
}

function unknownParameter(name: string): InputProblem {
  return { pointer: pointerTo(['query', name]), code: 'unknown', message: 'is not a known parameter' }
}

function queryOf(search: string): Record<string, unknown> {
  const query: Record<string, string | string[]> = Object.create(null)
  for (const [name, value] of new URLSearchParams(search)) {
    const known = query[name]
    if (known === undefined) query[name] = value
    else if (Array.isArray(known)) known.push(value)
    else query[name] = [known, value]
  }
  return query
}

function readBody(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    if (Number(request.headers['content-length'] ?? 0) > BODY_LIMIT) {
      reject(new kernelErrors.TooLarge({ limit: BODY_LIMIT }))
      return
    }
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > BODY_LIMIT) {
        request.removeAllListeners('data')
        request.resume()
        reject(new kernelErrors.TooLarge({ limit: BODY_LIMIT }))
      } else chunks.push(chunk)
    })
    request.on('end', () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)))
    request.on('error', reject)
    request.on('aborted', () =>
      reject(new kernelErrors.Malformed({ what: 'The request ended before its body did.' })),
    )
  })
}

/** Media types that a route takes. */
export function mediaTypesOf({ accepts, mediaTypes = [] }: RouteRecord): readonly string[] {
  if (accepts === 'bytes') return mediaTypes
  return [accepts === 'form' ? 'application/x-www-form-urlencoded' : 'application/json']
}

function parseBody(request: IncomingMessage, record: RouteRecord, raw: Buffer): unknown {
  const type = (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
  const expected = mediaTypesOf(record)
  if (raw.length === 0 && record.accepts !== 'bytes') return record.accepts === 'form' ? {} : undefined
  if (!expected.includes(type))
    throw new kernelErrors.UnsupportedMediaType({ expected: expected.join(' or ') })
  if (record.accepts === 'bytes') return raw
  const text = utf8(raw)
  if (record.accepts === 'form') return queryOf(text)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new kernelErrors.Malformed({ what: 'The body is not valid JSON.' })
  }
  if (deeperThan(value, DEPTH_LIMIT)) {
    throw new kernelErrors.Malformed({ what: `The body is nested deeper than ${DEPTH_LIMIT} levels.` })
  }
  return value
}

const decoder = new TextDecoder('utf-8', { fatal: true })

function utf8(raw: Buffer): string {
  try {
    return decoder.decode(raw)
  } catch {
    throw new kernelErrors.Malformed({ what: 'The body is not valid UTF-8.' })
  }
}

function deeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (levels === 0) return true
  for (const inner of Object.values(value)) if (deeperThan(inner, levels - 1)) return true
  return false
}
