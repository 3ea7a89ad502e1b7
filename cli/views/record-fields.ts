import { fields } from './fields.js'
import type { Paint } from './paint.js'

/** Any record as aligned fields: names in words, lists of words joined, other lists and objects as JSON, what is empty left out. */
export function recordFields(record: Record<string, unknown>, paint: Paint): string {
  return fields(
    Object.entries(record).map(([name, value]) => [name.replaceAll('_', ' '), valueText(value)] as const),
    paint,
  )
}

function valueText(value: unknown): string | null {
  if (value === null || value === undefined) return null
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value.join(', ')
  if (typeof value === 'object') return Object.keys(value).length === 0 ? null : JSON.stringify(value)
  return String(value)
}
