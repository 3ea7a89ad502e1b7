import type { Page } from '../clients/api.js'
import { type Column, table } from './table.js'
import type { View } from './view.js'

/** A page of a list as a table, a sentence when it is empty, and how to go on where there is more. */
export function pageView<Row>(columns: readonly Column<Row>[], empty: string): View<Page<Row>> {
  return ({ data, has_more, next_cursor }, paint) => {
    if (data.length === 0) return paint.dim(empty)
    const more = has_more && next_cursor ? `\n\n${paint.dim(`More: --all, or --cursor ${next_cursor}`)}` : ''
    return table(data, columns, paint) + more
  }
}
