import { type Document, isMap, parse, parseDocument } from 'yaml'
import { type ConfigProblem, checkConfig, type DeploymentConfig } from './schema.js'

/** One change to vetrai.yml; undefined removes the key. */
export interface ConfigChange {
  keys: string[]
  value: unknown
}

type Parsed = { ok: true; config: DeploymentConfig } | { ok: false; problems: ConfigProblem[] }

/** Parses and checks the text of a vetrai.yml; lists every problem, never throws. */
export function parseConfig(text: string): Parsed {
  const document = parseDocument(text)
  if (document.errors.length > 0) return { ok: false, problems: yamlProblems(document) }
  return checkConfig(document.toJS())
}

/** Applies changes to the text of a vetrai.yml, comments and order kept; the result is checked as a whole. */
export function editConfig(
  text: string,
  changes: ConfigChange[],
): { ok: true; text: string; config: DeploymentConfig } | { ok: false; problems: ConfigProblem[] } {
  const asGiven = attempt(text, changes, (value) => value)
  return asGiven.ok ? asGiven : attempt(text, changes, readAsYaml)
}

function attempt(text: string, changes: ConfigChange[], read: (value: unknown) => unknown) {
  const changed = applied(text, changes, read)
  const checked = parseConfig(changed)
  return checked.ok ? { ...checked, text: changed } : checked
}

function applied(text: string, changes: ConfigChange[], read: (value: unknown) => unknown): string {
  const document = parseDocument(text)
  for (const { keys, value } of changes) {
    if (value === undefined) removeIn(document, keys)
    else document.setIn(keys, document.createNode(read(value)))
  }
  return document.toString({ lineWidth: 110 })
}

/** Removing the last key of a block removes the block: an empty one would read as null. */
function removeIn(document: Document.Parsed, keys: string[]): void {
  if (!document.hasIn(keys)) return
  document.deleteIn(keys)
  const parent = keys.slice(0, -1)
  if (parent.length === 0) return
  const node = document.getIn(parent)
  if (isMap(node) && node.items.length === 0) removeIn(document, parent)
}

function readAsYaml(value: unknown): unknown {
  if (typeof value !== 'string') return value
  try {
    return parse(value)
  } catch {
    return value
  }
}

function yamlProblems(document: Document.Parsed): ConfigProblem[] {
  return document.errors.map((error) => ({ path: '', message: error.message.split('\n')[0] ?? 'not YAML' }))
}
