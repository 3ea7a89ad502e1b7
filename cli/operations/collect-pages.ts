import type { Api, Page, Query } from '../clients/api.js'

/** Which part of a list to fetch. */
export interface PageRequest {
  limit: number
  cursor?: string | undefined
  all: boolean
}

const LARGEST_PAGE = 200

/**
 * Fetches one page of a list, or with `all` every page from the cursor on, as one page. A list that
 * repeats a cursor ends there, so a broken server cannot keep the command running.
 */
export async function collectPages<T>(
  api: Api,
  path: string,
  { limit, cursor, all }: PageRequest,
  filter: Query = {},
): Promise<Page<T>> {
  if (!all) return api.get<Page<T>>(path, { ...filter, limit, cursor })

  const data: T[] = []
  const seen = new Set<string>()
  let next: string | null | undefined = cursor
  do {
    const page: Page<T> = await api.get(path, { ...filter, limit: LARGEST_PAGE, cursor: next ?? undefined })
    data.push(...page.data)
    next = page.has_more ? page.next_cursor : null
    if (next && seen.has(next)) break
    if (next) seen.add(next)
  } while (next)
  return { data, next_cursor: null, has_more: false }
}
