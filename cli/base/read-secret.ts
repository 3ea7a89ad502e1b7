import { isInteractive } from './output.js'
import { missingAnswers, usageError } from './usage-error.js'

const LONGEST = 4096

/** Where a secret may come from and what it is called. */
export interface SecretSource {
  what: string
  fromStdin: boolean
  flag: { flag: string; env?: string }
  /** Ask twice, for a secret that is being chosen. */
  repeat: boolean
}

/** Reads a secret from standard input or by a hidden question; never from arguments. */
export async function readSecret({ what, fromStdin, flag, repeat }: SecretSource): Promise<string> {
  // On a terminal the secret would be echoed: there it is asked for, without showing it.
  if (fromStdin && process.stdin.isTTY !== true) return requireSecret(what, await readAll(process.stdin))
  if (!isInteractive()) throw missingAnswers([flag])
  const { askSecret } = await import('../prompts/ask-secret.js')
  return requireSecret(what, await askSecret(what, repeat))
}

/** All of a stream as text, without the line break at its end; more than 4096 characters are refused. */
export async function readAll(stream: AsyncIterable<unknown>): Promise<string> {
  let text = ''
  for await (const chunk of stream) {
    text += String(chunk)
    if (text.length > LONGEST)
      throw usageError(`Standard input holds more than ${LONGEST} characters.`, 'Pipe only the secret.')
  }
  return text.replace(/\r?\n$/, '')
}

function requireSecret(what: string, value: string): string {
  if (value === '') throw usageError(`The ${what} is empty.`, `Pipe the ${what} in, or type it.`)
  return value
}
