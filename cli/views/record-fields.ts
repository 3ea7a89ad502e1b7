import { fields } from './fields.js'
import type { Paint } from './paint.js'

/** Any record as aligned fields: names in words, lists and objects as JSON, what is null left out. */
export function recordFields(record: Record<string, unknown>, paint: Paint): string {
  return fields(
    Object.entries(record).map(([name, value]) => [name.replaceAll('_', ' '), valueText(value)] as const),
    paint,
  )
}

function valueText(value: unknown): string | null {
  if (value === null || value === undefined) return null
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
