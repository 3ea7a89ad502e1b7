import type { JsonDoc } from './json-doc.js'

/** A documented shape as aligned lines, one a field, `data[].id` style paths. */
export function jsonDocLines(doc: JsonDoc): string[] {
  const entries = jsonDocFields(doc)
  const widest = Math.max(...entries.map(([path]) => path.length))
  return entries.map(([path, meaning]) => `${path.padEnd(widest)}  ${meaning}`)
}

/** A documented shape flattened: each field's path with what it holds. */
export function jsonDocFields(doc: JsonDoc, prefix = ''): [string, string][] {
  return Object.entries(doc).flatMap(([field, meaning]): [string, string][] => {
    const path = field === '[]' ? `${prefix}[]` : prefix === '' ? field : `${prefix}.${field}`
    return typeof meaning === 'string' ? [[path, meaning]] : jsonDocFields(meaning, path)
  })
}
