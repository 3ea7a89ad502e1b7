import { fields } from './fields.js'
import type { Paint } from './paint.js'

/**
 * Any record as aligned fields: names in words, lists of words joined, flat objects
 * as `name value` pairs, what is deeper as JSON; what is empty is left out.
 */
export function recordFields(record: Record<string, unknown>, paint: Paint): string {
  return fields(
    Object.entries(record).map(([name, value]) => [name.replaceAll('_', ' '), valueText(value)] as const),
    paint,
  )
}

function valueText(value: unknown): string | null {
  if (value === null || value === undefined) return null
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value.join(', ')
  if (!Array.isArray(value) && typeof value === 'object' && isFlat(value)) {
    const pairs = Object.entries(value).map(([name, inner]) => `${name.replaceAll('_', ' ')} ${inner}`)
    return pairs.join(', ') || null
  }
  if (typeof value === 'object') return Object.keys(value).length === 0 ? null : JSON.stringify(value)
  return String(value)
}

function isFlat(value: object): boolean {
  return Object.values(value).every((inner) => inner !== null && typeof inner !== 'object')
}
