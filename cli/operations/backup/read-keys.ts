import { readFile } from 'node:fs/promises'
import { identitiesIn } from '../../deployment/age-keys.js'
import { CliError } from '../../deployment/errors.js'
import type { Keys } from './protocol.js'

/** Files that hold keys: never the keys themselves, which other processes could read in arguments. */
export interface KeyFiles {
  identityFile?: string | undefined
  passphraseFile?: string | undefined
}

const IDENTITY = /^AGE-SECRET-KEY-1[A-Z0-9]{58}$/i

/** Reads the keys that open a backup; CliError `identity_invalid` or `passphrase_invalid` for a file that holds none. */
export async function readKeys({ identityFile, passphraseFile }: KeyFiles): Promise<Keys> {
  return {
    ...(identityFile !== undefined && { identities: await readIdentities(identityFile) }),
    ...(passphraseFile !== undefined && { passphrase: await readPassphrase(passphraseFile) }),
  }
}

/** Reads the one line of a passphrase file. */
export async function readPassphrase(file: string): Promise<string> {
  const passphrase = (await readFile(file, 'utf8')).replace(/\r?\n$/, '')
  if (passphrase.length >= SHORTEST && !/[\r\n\0]/.test(passphrase) && passphrase.length <= 1_000)
    return passphrase
  throw new CliError({
    code: 'passphrase_invalid',
    message: `${file} does not hold a passphrase of one line of at least ${SHORTEST} characters.`,
    next: 'Everything is sealed by it alone: take six words chosen by chance, or twenty characters.',
    exitCode: 2,
  })
}

/** Shorter ones are guessed. */
const SHORTEST = 12

async function readIdentities(file: string): Promise<string[]> {
  const identities = identitiesIn(await readFile(file, 'utf8')).map((line) => line.toUpperCase())
  if (identities.length > 0 && identities.every((line) => IDENTITY.test(line))) return identities
  throw new CliError({
    code: 'identity_invalid',
    message: `${file} holds something else than recovery keys.`,
    next: 'It holds one key a line, each of which begins with AGE-SECRET-KEY-1.',
    exitCode: 2,
  })
}
