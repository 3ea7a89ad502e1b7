/** A column of sealed values: what it takes to open each one and seal it anew. */
export interface SealedColumn {
  table: string
  column: string
  /** The primary key, in its order. */
  key: readonly string[]
  /** Further columns that `context` reads. */
  reads?: readonly string[]
  /** What the value of this row is sealed under; ids come as text. */
  context: (row: Readonly<Record<string, string>>) => string
}

/**
 * Declares a column of sealed values in its service's `sealed`. A column that is not declared is not sealed anew, and
 * a test refuses it: the key it was sealed with would be dropped.
 */
export function sealedColumn(column: SealedColumn): SealedColumn {
  const names = [column.table, column.column, ...column.key, ...(column.reads ?? [])]
  const odd = names.find((name) => !/^[a-z][a-z_0-9]*$/.test(name))
  if (odd !== undefined || column.key.length === 0) throw new TypeError(`"${odd}" is no plain name`)
  return column
}
