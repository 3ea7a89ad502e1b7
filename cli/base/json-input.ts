import { readFile } from 'node:fs/promises'
import * as Flags from '@oclif/core/flags'
import { usageError } from './usage-error.js'

/** `--payload` and its like: a JSON object, `@FILE`, or `-` for standard input. */
export const jsonFlag = (what: string, env: string) =>
  Flags.string({
    description: `${what}: a JSON object, @FILE, or - for standard input`,
    env,
    helpValue: 'JSON',
  })

/** Reads what such a flag gives; a usage error says what is wrong with it. */
export async function readJsonInput(flag: string, given: string | undefined): Promise<object | undefined> {
  if (given === undefined) return undefined
  const text = await textOf(flag, given)
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  } catch {
    // Said below, in one way for everything that is no object.
  }
  throw usageError(`--${flag} is no JSON object.`, `Give it like '{"url":"https://…"}', or a file as @FILE.`)
}

async function textOf(flag: string, given: string): Promise<string> {
  if (given === '-') {
    let text = ''
    for await (const chunk of process.stdin) text += String(chunk)
    return text
  }
  if (!given.startsWith('@')) return given
  return readFile(given.slice(1), 'utf8').catch(() => {
    throw usageError(`The file ${given.slice(1)} of --${flag} cannot be read.`, 'Check its name and rights.')
  })
}
