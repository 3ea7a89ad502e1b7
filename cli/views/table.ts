import { type Paint, width } from './paint.js'

/** One column of a table: its heading and how a row fills it. */
export interface Column<Row> {
  heading: string
  cell: (row: Row) => string
  align?: 'left' | 'right'
}

/** Aligned columns under dim headings, two spaces apart; the last column is never padded. */
export function table<Row>(rows: readonly Row[], columns: readonly Column<Row>[], paint: Paint): string {
  const cells = rows.map((row) => columns.map((column) => column.cell(row)))
  const widths = columns.map((column, at) =>
    Math.max(width(column.heading), ...cells.map((line) => width(line[at] ?? ''))),
  )
  const line = (texts: string[]) =>
    texts
      .map((text, at) => pad(text, widths[at] ?? 0, columns[at]?.align ?? 'left'))
      .join('  ')
      .trimEnd()
  return [paint.dim(line(columns.map((column) => column.heading))), ...cells.map(line)].join('\n')
}

function pad(text: string, columns: number, align: 'left' | 'right'): string {
  const space = ' '.repeat(Math.max(0, columns - width(text)))
  return align === 'left' ? text + space : space + text
}
