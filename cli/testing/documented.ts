import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Manifest } from '@oclif/core/interfaces'
import { OPTIONAL } from '../base/docs.js'
import type { JsonDoc } from '../base/json-doc.js'

const MANIFEST = join(fileURLToPath(import.meta.url), '../../../oclif.manifest.json')

/** The fields a command's `--json` documentation promises and a result does not hold; empty when it keeps its word. */
export function missingFields(argv: readonly string[], result: unknown): string[] {
  const { commands } = JSON.parse(readFileSync(MANIFEST, 'utf8')) as Manifest
  const [two, one] = [argv.slice(0, 2).join(':'), argv[0] ?? '']
  const command = commands[two] ?? commands[one]
  if (command === undefined) throw new Error(`no command begins ${argv.join(' ')}`)
  return missing(command.jsonDoc as JsonDoc, result, '')
}

function missing(doc: JsonDoc, value: unknown, path: string): string[] {
  const element = doc['[]']
  if (element !== undefined) {
    if (!Array.isArray(value)) return [`${path}[]`]
    return typeof element === 'string'
      ? []
      : value.slice(0, 1).flatMap((one) => missing(element, one, `${path}[]`))
  }
  if (typeof value !== 'object' || value === null) return [path]
  return Object.entries(doc).flatMap(([field, inner]) => {
    const at = path === '' ? field : `${path}.${field}`
    if (!Object.hasOwn(value, field)) return typeof inner === 'string' && inner.endsWith(OPTIONAL) ? [] : [at]
    return typeof inner === 'string' ? [] : missing(inner, (value as Record<string, unknown>)[field], at)
  })
}
