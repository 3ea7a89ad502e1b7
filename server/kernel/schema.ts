import { z } from 'zod'

/** UUID of a stored object, lower-cased so that ids compare as text. */
export function id(what: string) {
  return z.uuid().toLowerCase().describe(`Id of the ${what} (UUIDv7).`)
}

/** Human text of one line: trimmed, no control characters, 1..max code units. */
export function shortText({ max, min = 1 }: { max: number; min?: number }) {
  return z
    .string()
    .trim()
    .min(min)
    .max(max)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must not contain control characters')
}

/** Name in addresses and commands: lower-case letters, digits and inner hyphens, 2..48 characters. */
export const slug = z
  .string()
  .min(2)
  .max(48)
  .regex(/^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/, 'lower-case letters, digits and inner hyphens only')
  .meta({ description: 'Short name in addresses and commands.', examples: ['acme'] })

/** E-mail address, trimmed and lower-cased: it identifies a person. */
export const email = z
  .string()
  .trim()
  .toLowerCase()
  .max(254)
  .pipe(z.email())
  .meta({ description: 'E-mail address; compared without case.', examples: ['ada@example.com'] })

/** A point in time as it leaves: RFC 3339 in UTC. */
export const timestamp = z.iso.datetime().describe('RFC 3339, UTC.')

/** Query parameters every list takes. */
export const page = {
  limit: z.coerce.number().int().min(1).max(200).default(50).describe('Items on a page, at most 200.'),
  cursor: z.string().min(1).max(1024).optional().describe('next_cursor of the page before.'),
}

/** The one shape of every list answer. */
export function listOf<T extends z.ZodType>(item: T) {
  return z.strictObject({
    data: z.array(item),
    next_cursor: z
      .string()
      .nullable()
      .describe('Give it as ?cursor= to get the next page; null on the last.'),
    has_more: z.boolean(),
  })
}

/** A JSON value. */
export type Json = string | number | boolean | null | Json[] | { [name: string]: Json }

/** Any JSON value. Written out, because what `z.json()` refers to itself by has no name in the API document. */
export const jsonValue: z.ZodType<Json, Json> = z
  .lazy(() =>
    z.union([
      z.string(),
      z.number(),
      z.boolean(),
      z.null(),
      z.array(jsonValue),
      z.record(z.string(), jsonValue),
    ]),
  )
  .meta({ id: 'JsonValue', description: 'Any JSON value.' })

/** Free-form JSON object with bounded size, for `meta` and `settings` fields. */
export function jsonObject({ maxBytes }: { maxBytes: number }) {
  return z.record(z.string().min(1).max(100), jsonValue).superRefine((value, check) => {
    const text = JSON.stringify(value)
    if (Buffer.byteLength(text) > maxBytes) check.addIssue(`at most ${maxBytes} bytes as JSON`)
    if (UNSTORABLE.test(text)) check.addIssue('must not contain null characters or halves of surrogate pairs')
  })
}

/** Escapes, in the text of a JSON document, of what PostgreSQL's jsonb cannot hold. */
const UNSTORABLE = /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/

/** A body that the kernel does not read. */
export const bytes = z.instanceof(Buffer).meta({ type: 'string', format: 'binary' })

/** What a page of web/account is filled with. */
export const pageContent = z.strictObject({
  page: z.string().regex(/^[a-z-]{1,40}$/),
  title: z.string().max(200),
  words: z.record(z.string().max(40), z.string().max(1_000)),
})
export type PageContent = z.infer<typeof pageContent>

/** Empty input part, spelled out so that unknown parameters are refused. */
export const nothing = z.strictObject({})

/** Output of a route that answers 204. */
export const noContent = z.undefined()
