import { once } from 'node:events'
import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import { Decrypter, Encrypter } from 'age-encryption'
import type { BackupError } from '../backup-error.js'
import { tenantError } from './tenant-error.js'

/** Whom an archive is encrypted to; neither means not at all. */
export interface SealTo {
  /** age recipients, `age1…`. */
  readonly recipients?: readonly string[]
  readonly passphrase?: string
}

/** What an archive is opened with. */
export interface OpenWith {
  /** age identities, `AGE-SECRET-KEY-1…`. */
  readonly identities?: readonly string[]
  readonly passphrase?: string
}

const AGE_MAGIC = Buffer.from('age-encryption.org/v1\n')
const GZIP_MAGIC = Buffer.from([0x1f, 0x8b])

/** Whether an archive made with these is encrypted. Passphrase and recipients exclude each other, as age has it. */
export function isSealing({ recipients = [], passphrase }: SealTo): boolean {
  if (recipients.length > 0 && passphrase !== undefined)
    throw tenantError(
      'two_keys',
      'An archive is encrypted to recipients or with a passphrase, not both.',
      'Give one of them.',
    )
  return recipients.length > 0 || passphrase !== undefined
}

/** The bytes encrypted in the age format, or as they are where nobody is to open them. */
export async function sealStream(plain: Readable, to: SealTo): Promise<Readable> {
  if (!isSealing(to)) return plain
  const encrypter = new Encrypter()
  if (to.passphrase !== undefined) encrypter.setPassphrase(to.passphrase)
  for (const recipient of to.recipients ?? []) addRecipient(encrypter, recipient)
  return fromWeb(await encrypter.encrypt(toWeb(plain)))
}

/** The compressed bytes within an archive, decrypted where it is encrypted; throws BackupError for what is no archive. */
export async function openStream(archive: Readable, keys: OpenWith): Promise<Readable> {
  const head = await peek(archive, AGE_MAGIC.length)
  if (head.subarray(0, 2).equals(GZIP_MAGIC)) return archive
  if (!head.equals(AGE_MAGIC)) throw notAnArchive()
  const { identities = [], passphrase } = keys
  if (identities.length === 0 && passphrase === undefined)
    throw tenantError(
      'archive_locked',
      'The archive is encrypted.',
      'Give the identity (--identity FILE) or the passphrase (--passphrase-file FILE) that opens it.',
    )
  const decrypter = new Decrypter()
  for (const identity of identities) addIdentity(decrypter, identity)
  if (passphrase !== undefined) decrypter.addPassphrase(passphrase)
  try {
    return fromWeb(await decrypter.decrypt(toWeb(archive)))
  } catch (error) {
    archive.destroy()
    throw tenantError(
      'wrong_key',
      'The archive does not open with what was given.',
      'Give the identity that belongs to its recipient, or its passphrase.',
      error,
    )
  }
}

/** The error for a file that is no archive of a tenant. */
export function notAnArchive(): BackupError {
  return tenantError(
    'not_an_archive',
    'The file is no archive of a tenant.',
    'Give a file that `vetrai tenants export` wrote.',
  )
}

function addRecipient(encrypter: Encrypter, recipient: string): void {
  try {
    encrypter.addRecipient(recipient)
  } catch (error) {
    throw tenantError(
      'bad_recipient',
      'A recipient is no age recipient.',
      'Recipients begin with age1 and are shown when an identity is made.',
      error,
    )
  }
}

function addIdentity(decrypter: Decrypter, identity: string): void {
  try {
    decrypter.addIdentity(identity)
  } catch {
    // Without its cause: that might repeat a part of the identity.
    throw tenantError(
      'bad_identity',
      'An identity is no age identity.',
      'Identities begin with AGE-SECRET-KEY-1.',
    )
  }
}

/** The first bytes of a stream, which still gives them. */
async function peek(stream: Readable, length: number): Promise<Buffer> {
  let head = Buffer.alloc(0)
  while (head.length < length) {
    const chunk = stream.read() as Buffer | null
    if (chunk) head = Buffer.concat([head, chunk])
    else if (stream.readableEnded || stream.destroyed) break
    else await Promise.race([once(stream, 'readable'), once(stream, 'end')])
  }
  if (head.length >= length) stream.unshift(head)
  return head.subarray(0, length)
}

function toWeb(stream: Readable): globalThis.ReadableStream<Uint8Array> {
  return Readable.toWeb(stream) as globalThis.ReadableStream<Uint8Array>
}

function fromWeb(stream: globalThis.ReadableStream<Uint8Array>): Readable {
  return Readable.fromWeb(stream as ReadableStream)
}
