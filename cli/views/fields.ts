import { type Paint, width } from './paint.js'

/** `label  value` lines with the values aligned; pairs whose value is null or empty are left out. */
export function fields(pairs: readonly (readonly [string, string | null])[], paint: Paint): string {
  const shown = pairs.filter((pair): pair is readonly [string, string] => pair[1] !== null && pair[1] !== '')
  const widest = Math.max(0, ...shown.map(([label]) => width(label)))
  return shown
    .map(([label, value]) => `${paint.dim(label)}${' '.repeat(widest - width(label) + 2)}${value}`)
    .join('\n')
}
