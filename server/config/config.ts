import { readFileSync } from 'node:fs'
import type { z } from 'zod'
import type { Setting } from './setting.js'
import type { settings } from './settings.js'

type Values<T extends Record<string, Setting>> = { readonly [K in keyof T]: z.infer<T[K]['schema']> }
export type Config = Values<typeof settings>

/** Everything wrong with the configuration, one line each; never holds a value of a secret. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(`the configuration cannot be used:\n${problems.map((p) => `  - ${p}`).join('\n')}`)
    this.name = 'ConfigError'
  }
}

/**
 * Reads all settings from an environment. Secrets may come from the file that NAME_FILE names (one trailing
 * newline is dropped); naming both is an error. All problems are thrown together.
 */
export function readSettings<T extends Record<string, Setting>>(
  definitions: T,
  env: Readonly<Record<string, string | undefined>>,
): Values<T> {
  const problems: string[] = []
  const values: Record<string, unknown> = {}
  for (const [name, definition] of Object.entries(definitions)) {
    try {
      const given = definition.secret ? readSecret(name, env, definition) : env[name]
      const raw = given === '' ? undefined : given
      const parsed = definition.schema.safeParse(raw)
      if (parsed.success) values[name] = parsed.data
      else
        problems.push(`${name}: ${raw === undefined ? `missing. ${definition.doc}` : wordsOf(parsed.error)}`)
    } catch (error) {
      problems.push(`${name}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return values as Values<T>
}

function readSecret(
  name: string,
  env: Readonly<Record<string, string | undefined>>,
  { fileMayBeMissing = false }: Setting,
): string | undefined {
  const file = env[`${name}_FILE`]
  if (!file) return env[name]
  if (env[name]) throw new Error(`set either ${name} or ${name}_FILE, not both`)
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '')
  } catch (error) {
    const { code = 'error' } = error as NodeJS.ErrnoException
    if (fileMayBeMissing && code === 'ENOENT') return undefined
    throw new Error(`cannot read the file named by ${name}_FILE (${code})`)
  }
}

function wordsOf(error: z.ZodError): string {
  return error.issues.map((issue) => issue.message).join('; ')
}
