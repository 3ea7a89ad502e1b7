/**
 * The documented shape of a command's `--json` result: each field with what it holds. A nested record
 * is an object; `'[]'` as the only key marks a list of what it holds.
 */
export interface JsonDoc {
  [field: string]: string | JsonDoc
}

/** The shape of every list. */
export const pageDoc = (row: JsonDoc): JsonDoc => ({
  data: { '[]': row },
  next_cursor: 'give it to --cursor for the next page; null at the end',
  has_more: 'true when there is a next page',
})
