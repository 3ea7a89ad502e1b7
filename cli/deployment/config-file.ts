import { readFile } from 'node:fs/promises'
import { atomicWrite } from './atomic-write.js'
import { readCachedConfig, writeCachedConfig } from './config-cache.js'
import { CliError, isSystemError } from './errors.js'
import type { ConfigProblem, DeploymentConfig } from './schema.js'

/** vetrai.yml as text and as checked values; edits keep the operator's comments and order. */
export class ConfigFile {
  private constructor(
    readonly path: string,
    private text: string,
    private current: DeploymentConfig,
  ) {}

  /**
   * Reads and checks a file: CliError `config_missing` or `config_invalid` with every problem listed.
   * With a `cache` file a text that was checked before is not parsed again: most commands only need
   * to know the port.
   */
  static async open(path: string, cache?: string): Promise<ConfigFile> {
    const text = await readConfigText(path)
    const known = cache === undefined ? undefined : await readCachedConfig(cache, text)
    if (known) return new ConfigFile(path, text, known)
    const { parseConfig } = await import('./config-text.js')
    const parsed = parseConfig(text)
    if (!parsed.ok) throw invalid(path, parsed.problems)
    if (cache !== undefined) await writeCachedConfig(cache, text, parsed.config)
    return new ConfigFile(path, text, parsed.config)
  }

  get values(): DeploymentConfig {
    return this.current
  }

  /** Value at a dotted path with defaults filled in; undefined when unset. */
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
    const { editConfig } = await import('./config-text.js')
    const edited = editConfig(
      this.text,
      Object.entries(changes).map(([path, value]) => ({ keys: keysOf(path), value })),
    )
    if (!edited.ok) throw invalid(this.path, edited.problems)
    await atomicWrite(this.path, edited.text, 0o600)
    this.text = edited.text
    this.current = edited.config
  }
}

/** Lists what is wrong with a file; empty when it is valid. Only a missing file throws. */
export async function configProblems(path: string): Promise<ConfigProblem[]> {
  const text = await readConfigText(path)
  const { parseConfig } = await import('./config-text.js')
  const parsed = parseConfig(text)
  return parsed.ok ? [] : parsed.problems
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

function invalid(path: string, problems: ConfigProblem[]): CliError {
  const list = problems.map((problem) => `  ${problem.path || '(file)'}: ${problem.message}`)
  return new CliError({
    code: 'config_invalid',
    message: `${path} is not valid:\n${list.join('\n')}`,
    next: 'Correct these, then check with: vetrai config validate',
    exitCode: 2,
  })
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
