import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Ctx } from './context.js'
import { defineErrors } from './define-errors.js'
import { isUuid } from './ids.js'

export const pageErrors = defineErrors('page', {
  badCursor: {
    status: 400,
    message: 'The cursor is not one that this list gave out for these filters.',
    next: 'Start again without a cursor, and repeat the same filters with each one you get.',
  },
})

/** A place in a list ordered by (created_at, id): what comes after it is the next page. */
export interface Position {
  createdAt: Date
  id: string
}

/**
 * Cursor text for a position: opaque, signed, and bound to the tenant, the list and its filters, so that it
 * opens nothing elsewhere. `binding` is any JSON value naming list and filters.
 */
export function encodeCursor(key: Buffer, position: Position, binding: unknown): string {
  return sealed(key, `${position.createdAt.getTime()}.${position.id}`, binding)
}

/** Reads a cursor; null unless it was made with this key for this binding. */
export function decodeCursor(key: Buffer, text: string, binding: unknown): Position | null {
  const [millis, id] = unsealed(key, text, binding)?.split('.') ?? []
  if (!millis || !id || !isUuid(id) || !/^-?\d{1,15}$/.test(millis)) return null
  return { createdAt: new Date(Number(millis)), id }
}

function sealed(key: Buffer, content: string, binding: unknown): string {
  const body = Buffer.from(content)
  return `${body.toString('base64url')}.${sign(key, body, binding).toString('base64url')}`
}

function unsealed(key: Buffer, text: string, binding: unknown): string | null {
  const [bodyText, tagText, ...rest] = text.split('.')
  if (!bodyText || !tagText || rest.length > 0) return null
  const body = Buffer.from(bodyText, 'base64url')
  const tag = Buffer.from(tagText, 'base64url')
  const expected = sign(key, body, binding)
  return tag.length === expected.length && timingSafeEqual(tag, expected) ? body.toString() : null
}

function sign(key: Buffer, body: Buffer, binding: unknown): Buffer {
  return createHmac('sha256', key)
    .update(JSON.stringify(binding))
    .update('\0')
    .update(body)
    .digest()
    .subarray(0, 16)
}

export interface PageQuery {
  limit: number
  cursor?: string | undefined
}

/** Keyset query of one page: rows after `after`, newest first, at most `limit`. */
export type FetchPage<T> = (window: { after: Position | null; limit: number }) => Promise<T[]>

/**
 * One page of a list, newest first by (created_at, id). `list` and the filters bind the cursor. created_at
 * must be stored in milliseconds (timestamptz(3)), or rows of one millisecond could be skipped.
 */
export async function paginate<T extends Position, V>(
  ctx: Ctx,
  list: string,
  query: PageQuery & Record<string, unknown>,
  fetchPage: FetchPage<T>,
  present: (item: T) => V,
): Promise<{ data: V[]; next_cursor: string | null; has_more: boolean }> {
  const { cursor, limit, ...filters } = query
  const binding = [ctx.principalOrNull?.tenant?.id ?? null, list, filters]
  const key = ctx.secrets.key('cursor')
  const after = cursor ? decodeCursor(key, cursor, binding) : null
  if (cursor && !after) throw new pageErrors.BadCursor()
  const rows = await fetchPage({ after, limit: limit + 1 })
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  const hasMore = rows.length > limit
  return {
    data: shown.map(present),
    next_cursor: hasMore && last ? encodeCursor(key, last, binding) : null,
    has_more: hasMore,
  }
}

/** One page of a list ordered by a name, which is unique in it. `fetchPage` gives what comes after a name. */
export async function paginateByName<T, V>(
  ctx: Ctx,
  list: string,
  query: PageQuery & Record<string, unknown>,
  nameOf: (item: T) => string,
  fetchPage: (window: { after: string | null; limit: number }) => Promise<T[]>,
  present: (item: T) => V,
): Promise<{ data: V[]; next_cursor: string | null; has_more: boolean }> {
  const { cursor, limit, ...filters } = query
  const binding = [ctx.principalOrNull?.tenant?.id ?? null, list, filters, 'by name']
  const key = ctx.secrets.key('cursor')
  const after = cursor ? unsealed(key, cursor, binding) : null
  if (cursor && after === null) throw new pageErrors.BadCursor()
  const items = await fetchPage({ after, limit: limit + 1 })
  const shown = items.slice(0, limit)
  const last = shown.at(-1)
  const hasMore = items.length > limit
  return {
    data: shown.map(present),
    next_cursor: hasMore && last ? sealed(key, nameOf(last), binding) : null,
    has_more: hasMore,
  }
}
