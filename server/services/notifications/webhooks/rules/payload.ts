import type { Json } from '../../../../kernel/schema.js'

/** Largest body that is sent, in bytes. */
export const BODY_MAX_BYTES = 20_480

/** What a message tells. */
export interface Told {
  type: string
  occurredAt: Date
  data: unknown
  /** Set where nothing happened: an example was asked for. */
  test?: true
}

/** A body as it is sent; null when it would be too large. */
export function writeBody({ type, occurredAt, data, test }: Told): string | null {
  const body = JSON.stringify({ type, timestamp: occurredAt.toISOString(), test, data })
  return Buffer.byteLength(body) <= BODY_MAX_BYTES ? body : null
}

/** An event's payload as the REST API spells it: member names in snake_case. */
export function snakeCase(value: unknown): Json {
  if (Array.isArray(value)) return value.map(snakeCase)
  if (typeof value !== 'object' || value === null) return value as Json
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      snakeCase(inner),
    ]),
  )
}

/** What is left of data that is too large to be sent whole: the ids, by which the rest can be read. */
export function idsOf(data: unknown): Record<string, string> {
  const members = typeof data === 'object' && data !== null ? Object.entries(data) : []
  return Object.fromEntries(
    members.filter(
      (member): member is [string, string] =>
        /(^|_)id$/.test(member[0]) && typeof member[1] === 'string' && member[1].length <= 100,
    ),
  )
}
