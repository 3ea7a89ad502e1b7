import { readFile } from 'node:fs/promises'
import { type Document, isMap, parse, parseDocument } from 'yaml'
import { atomicWrite } from './atomic-write.js'
import { CliError, isSystemError } from './errors.js'
import { type ConfigProblem, checkConfig, type DeploymentConfig } from './schema.js'

/** vetrai.yml as text and as checked values; edits keep the operator's comments and order. */
export class ConfigFile {
  private constructor(
    readonly path: string,
    private text: string,
    private current: DeploymentConfig,
  ) {}

  /** Reads and checks a file: CliError `config_missing` or `config_invalid` with every problem listed. */
  static async open(path: string): Promise<ConfigFile> {
    const text = await readConfigText(path)
    return new ConfigFile(path, text, checkedText(path, text))
  }

  get values(): DeploymentConfig {
    return this.current
  }

  /** Value at a dotted path with defaults filled in; undefined when unset, CliError when no such key. */
  get(path: string): unknown {
    return lookUp(this.current, keysOf(path))
  }

  /**
   * Sets a value at a dotted path and saves. A text that does not fit is tried as YAML, so `8001`,
   * `true` and `[a, b]` from a command line mean what they look like. Undefined removes the key.
   */
  async set(path: string, value: unknown): Promise<void> {
    await this.setMany({ [path]: value })
  }

  /** Sets several values at once: all are valid together, or nothing is written. */
  async setMany(changes: Record<string, unknown>): Promise<void> {
    const attempts = [(value: unknown) => value, readAsYaml]
    let problems: ConfigProblem[] = []
    for (const read of attempts) {
      const text = edited(this.text, changes, read)
      const checked = checkConfig(parse(text))
      if (checked.ok) {
        await atomicWrite(this.path, text, 0o600)
        this.text = text
        this.current = checked.config
        return
      }
      problems = checked.problems
    }
    throw invalid(this.path, problems)
  }
}

/** Lists what is wrong with a file; empty when it is valid. Only a missing file throws. */
export async function configProblems(path: string): Promise<ConfigProblem[]> {
  const text = await readConfigText(path)
  const document = parseDocument(text)
  if (document.errors.length > 0) return yamlProblems(document)
  const checked = checkConfig(document.toJS())
  return checked.ok ? [] : checked.problems
}

async function readConfigText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (!isSystemError(error, 'ENOENT', 'ENOTDIR')) throw error
    throw new CliError({
      code: 'config_missing',
      message: `There is no deployment here: ${path} does not exist.`,
      next: 'Create one with: vetrai init (or choose another directory with --dir).',
      exitCode: 3,
    })
  }
}

function checkedText(path: string, text: string): DeploymentConfig {
  const document = parseDocument(text)
  if (document.errors.length > 0) throw invalid(path, yamlProblems(document))
  const checked = checkConfig(document.toJS())
  if (checked.ok) return checked.config
  throw invalid(path, checked.problems)
}

function yamlProblems(document: Document.Parsed): ConfigProblem[] {
  return document.errors.map((error) => ({ path: '', message: error.message.split('\n')[0] ?? 'not YAML' }))
}

function invalid(path: string, problems: ConfigProblem[]): CliError {
  const list = problems.map((problem) => `  ${problem.path || '(file)'}: ${problem.message}`)
  return new CliError({
    code: 'config_invalid',
    message: `${path} is not valid:\n${list.join('\n')}`,
    next: 'Correct these, then check with: vetrai config validate',
    exitCode: 2,
  })
}

function edited(text: string, changes: Record<string, unknown>, read: (value: unknown) => unknown): string {
  const document = parseDocument(text)
  for (const [path, value] of Object.entries(changes)) {
    const keys = keysOf(path)
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

function keysOf(path: string): string[] {
  const keys = path.split('.')
  if (path !== '' && keys.every((key) => /^[A-Za-z0-9_-]+$/.test(key))) return keys
  throw new CliError({
    code: 'config_path_invalid',
    message: `"${path}" is not a configuration path.`,
    next: 'Write it like database.pool_max; see all with: vetrai config show',
    exitCode: 2,
  })
}

function lookUp(values: unknown, keys: string[]): unknown {
  let value: unknown = values
  for (const key of keys) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = (value as Record<string, unknown>)[key]
  }
  return value
}
