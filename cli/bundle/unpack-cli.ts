import { createWriteStream } from 'node:fs'
import { chmod, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import tar from 'tar-stream'
import { isVacant } from '../deployment/deployment.js'
import { CliError, isSystemError } from '../deployment/errors.js'
import { damagedBundle, fileError } from './bundle-errors.js'
import type { BundleManifest } from './manifest.js'

/** Longest path inside; what is longer was not packed by us. */
const LONGEST_NAME = 512
/** What headers and padding of one file take at most, and the end of the archive. */
const HEADERS = 4_096
const ROOM = 64 * 1024

/** A command line that is unpacked beside its place and not there yet. */
export interface UnpackedCli {
  /** Gives it its place. */
  install(): Promise<void>
  /** Removes it. Safe to call after `install`. */
  discard(): Promise<void>
}

/** CliError `folder_taken` unless the folder is missing or empty. */
export async function requireVacant(dir: string): Promise<void> {
  if (await isVacant(dir)) return
  throw new CliError({
    code: 'folder_taken',
    message: `${dir} is not empty.`,
    next: 'Name a new folder for the command line, such as one that ends in the version: --cli /opt/vetrai-VERSION',
    exitCode: 4,
  })
}

/**
 * Unpacks cli.tar.gz into a new folder beside `dir`. Regular files only, below that folder only, and no more of them and no
 * more bytes than the manifest says: CliError `bundle_damaged` for everything else, with nothing left behind.
 */
export async function unpackCli(
  file: string,
  archive: Readable,
  { files, unpacked_bytes: most }: BundleManifest['cli'],
  dir: string,
): Promise<UnpackedCli> {
  await mkdir(dirname(dir), { recursive: true })
  const draft = await mkdtemp(`${dir}.`)
  const discard = () => rm(draft, { recursive: true, force: true })
  try {
    await chmod(draft, 0o755)
    const left = { files, bytes: most }
    const extract = tar.extract()
    extract.on('entry', (header, content, next) => {
      const refused = refusalOf(header, left)
      if (refused) extract.destroy(damagedBundle(file, refused))
      else writeEntry(draft, header, content).then(() => next(), next)
    })
    const room = most + files * HEADERS + ROOM
    await pipeline(archive, createGunzip(), limitedTo(room, file), extract)
    if (left.files !== 0 || left.bytes !== 0) throw damagedBundle(file, 'the command line is not whole')
  } catch (error) {
    await discard()
    throw inWords(error, file, dir)
  }
  return { install: () => rename(draft, dir), discard }
}

/** A little that unpacks to more than it says would fill memory and disk. */
function limitedTo(most: number, file: string): Transform {
  let passed = 0
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      passed += chunk.length
      if (passed <= most) done(null, chunk)
      else done(damagedBundle(file, TOO_LARGE))
    },
  })
}

const TOO_LARGE = 'the command line is larger than it says'

/** Why an entry is not written; counts it otherwise. */
function refusalOf(
  { name, type, size = 0 }: tar.Headers,
  left: { files: number; bytes: number },
): string | undefined {
  if (type !== 'file') return `${shown(name)} is a ${type}, and only files are accepted`
  if (name.length > LONGEST_NAME || !isBelow(name)) return `${shown(name)} would lie outside the folder`
  left.files -= 1
  left.bytes -= size
  return left.files < 0 || left.bytes < 0 || size < 0 ? TOO_LARGE : undefined
}

/** Names with folders, none of them `.` or `..`, none of them empty. */
function isBelow(name: string): boolean {
  if (/[\\\0]/.test(name)) return false
  return name.split('/').every((folder) => folder !== '' && folder !== '.' && folder !== '..')
}

/** The folder is new and holds no link, so that no path can lead out of it; `wx` refuses a name that comes twice. */
async function writeEntry(draft: string, { name, mode = 0 }: tar.Headers, content: Readable): Promise<void> {
  const path = join(draft, name)
  await mkdir(dirname(path), { recursive: true, mode: 0o755 })
  const isProgram = (mode & 0o111) !== 0
  await pipeline(content, createWriteStream(path, { flags: 'wx', mode: isProgram ? 0o755 : 0o644 }))
}

function shown(name: string): string {
  return JSON.stringify(name.slice(0, 80))
}

function inWords(error: unknown, file: string, dir: string): unknown {
  if (error instanceof CliError) return error
  // A name that is both a file and a folder, or comes twice, is the fault of the archive.
  if (!isSystemError(error, 'EEXIST', 'EISDIR', 'ENOTDIR')) {
    const known = fileError(error, dir)
    if (known !== error) return known
  }
  const reason = error instanceof Error ? error.message : String(error)
  return damagedBundle(file, `the command line cannot be unpacked (${reason})`)
}
