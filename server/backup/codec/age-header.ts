import { createHash } from 'node:crypto'
import type { Encrypter } from 'age-encryption'
import { BackupError } from '../backup-error.js'
import { NONCE_BYTES, TAG_BYTES } from './age-stream.js'
import type { Opening, Sealing } from './sealing.js'

type Sealed = Exclude<Sealing, 'none'>
type Opened = Exclude<Opening, 'none'>

/** The head of a sealed file, and the key it wraps. */
export interface FileHeader {
  readonly header: Uint8Array
  readonly fileKey: Uint8Array
}

/** Loaded once something is sealed or opened: it takes as long as all the rest of a program that makes backups. */
const loadAge = () => import('age-encryption')

/** A passphrase takes a second and 256 MiB to make a key of: once for each that is given, not for each file. */
const passphraseHeaders = new WeakMap<Sealed, Promise<FileHeader>>()
const passphraseKeys = new WeakMap<Opened, Map<string, Promise<Uint8Array>>>()

/**
 * A head for a new file. Files of one passphrase object share a file key, which only wraps: what encrypts is made of it
 * and a nonce of each file.
 */
export function makeHeader(sealing: Sealed): Promise<FileHeader> {
  if (!('passphrase' in sealing)) return makeRecipientsHeader(sealing.recipients)
  const known = passphraseHeaders.get(sealing) ?? makePassphraseHeader(sealing.passphrase)
  passphraseHeaders.set(sealing, known)
  return known
}

/** The file key out of a head; throws `wrong_key` when this opens other files only. */
export async function openHeader(header: Buffer, opening: Opened): Promise<Uint8Array> {
  const isForPassphrase = header.includes('\n-> scrypt ')
  if (isForPassphrase !== 'passphrase' in opening) throw wrongKind(isForPassphrase)
  if (!isForPassphrase) return unwrap(header, opening)
  const keys = passphraseKeys.get(opening) ?? new Map<string, Promise<Uint8Array>>()
  passphraseKeys.set(opening, keys)
  const digest = createHash('sha256').update(header).digest('base64')
  const known = keys.get(digest) ?? unwrap(header, opening)
  // Whoever can write to a target chooses the heads: what is remembered of them is bounded.
  if (keys.size < 1000) keys.set(digest, known)
  return known
}

async function makeRecipientsHeader(recipients: readonly string[]): Promise<FileHeader> {
  if (recipients.length === 0) throw badKey('there is no recipient to seal it for')
  let fileKey: Uint8Array | undefined
  const { Encrypter } = await loadAge()
  const encrypter = new Encrypter()
  try {
    for (const recipient of recipients) encrypter.addRecipient(recipient.trim())
  } catch (error) {
    throw badKey('a recipient is not one that age knows', error)
  }
  // Takes no room in the head: the library has no other way to tell the key it made.
  encrypter.addRecipient({
    wrapFileKey: (key) => {
      fileKey = key
      return []
    },
  })
  const header = await headerOf(encrypter)
  if (fileKey === undefined) throw badKey('the file key was not made')
  return { header, fileKey }
}

async function makePassphraseHeader(passphrase: string): Promise<FileHeader> {
  const { Encrypter, Decrypter } = await loadAge()
  const encrypter = new Encrypter()
  encrypter.setPassphrase(passphrase)
  const header = await headerOf(encrypter)
  const decrypter = new Decrypter()
  decrypter.addPassphrase(passphrase)
  return { header, fileKey: await decrypter.decryptHeader(header) }
}

/** The head of an empty file: what follows it are a nonce and an empty chunk. */
async function headerOf(encrypter: Encrypter): Promise<Uint8Array> {
  const file = await encrypter.encrypt(new Uint8Array(0))
  return file.slice(0, file.length - NONCE_BYTES - TAG_BYTES)
}

async function unwrap(header: Buffer, opening: Opened): Promise<Uint8Array> {
  const { Decrypter } = await loadAge()
  const decrypter = new Decrypter()
  try {
    if ('passphrase' in opening) decrypter.addPassphrase(opening.passphrase)
    else for (const identity of opening.identities) decrypter.addIdentity(identity.trim())
  } catch (error) {
    throw badKey('a key is not an age identity (`AGE-SECRET-KEY-1…`)', error)
  }
  return decrypter.decryptHeader(header).catch((error: unknown) => {
    if (!/no identity matched/.test(String(error))) throw error
    throw new BackupError({
      code: 'wrong_key',
      message: 'This key does not open this backup.',
      next: 'Give the recovery key that `vetrai init` printed for the deployment that made the backup, or its secrets/backup-key. A passphrase must be typed exactly.',
      cause: error,
    })
  })
}

function wrongKind(isForPassphrase: boolean): BackupError {
  return new BackupError({
    code: 'wrong_key',
    message: `This backup is sealed with a ${isForPassphrase ? 'passphrase' : 'recovery key'}.`,
    next: isForPassphrase ? 'Give the passphrase instead of a key.' : 'Give the key instead of a passphrase.',
  })
}

function badKey(what: string, cause?: unknown): BackupError {
  return new BackupError({
    code: 'bad_key',
    message: `The backup's key cannot be used: ${what}.`,
    next: 'Recipients begin with `age1`, keys with `AGE-SECRET-KEY-1`; copy them whole.',
    cause,
  })
}
