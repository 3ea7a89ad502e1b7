import { spawn } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { chmod, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { CliError, isSystemError } from '../../deployment/errors.js'

/** A file of an archive: its path below the archive's one folder, and its text. */
export interface ArchivedFile {
  path: string
  text: string
}

/**
 * Writes one .tar.gz that only its owner can read and answers its size. An existing file is never overwritten
 * (CliError `file_exists`); a failed attempt leaves nothing behind.
 */
export async function writeArchive(
  file: string,
  folder: string,
  files: readonly ArchivedFile[],
): Promise<number> {
  const staging = await mkdtemp(join(tmpdir(), 'vetrai-support-'))
  try {
    for (const { path, text } of files) {
      const place = join(staging, folder, path)
      await mkdir(dirname(place), { recursive: true, mode: 0o700 })
      await writeFile(place, text, { mode: 0o600, flag: 'wx' })
    }
    await pack(file, staging, folder)
    return (await stat(file)).size
  } finally {
    await rm(staging, { recursive: true, force: true })
  }
}

async function pack(file: string, staging: string, folder: string): Promise<void> {
  const tar = spawn('tar', ['-cf', '-', '-C', staging, folder], { stdio: ['ignore', 'pipe', 'pipe'] })
  let complaint = ''
  tar.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text
  })
  const ended = new Promise<number>((resolve, reject) => {
    tar.once('error', reject)
    tar.once('close', (code) => resolve(code ?? 1))
  })
  const output = createWriteStream(file, { flags: 'wx', mode: 0o600 })
  try {
    const [code] = await Promise.all([ended, pipeline(tar.stdout, createGzip(), output)])
    if (code !== 0) throw new Error(`tar failed: ${complaint.trim()}`)
    await chmod(file, 0o600)
  } catch (error) {
    tar.kill()
    await ended.catch(() => undefined)
    if (!isSystemError(error, 'EEXIST')) await rm(file, { force: true })
    throw explain(error, file)
  }
}

function explain(error: unknown, file: string): unknown {
  if (isSystemError(error, 'EEXIST')) {
    return new CliError({
      code: 'file_exists',
      message: `${file} exists already.`,
      next: 'Name another file: --output FILE',
      exitCode: 4,
    })
  }
  if (isSystemError(error, 'ENOENT') && error.syscall?.startsWith('spawn')) {
    return new CliError({
      code: 'tar_missing',
      message: 'The program tar, which packs the bundle, is not there.',
      next: 'Install tar, then try again.',
    })
  }
  if (isSystemError(error, 'ENOENT', 'EACCES', 'ENOTDIR', 'EROFS', 'ENOSPC', 'EISDIR')) {
    return new CliError({
      code: 'output_unwritable',
      message: `${file} cannot be written (${error.code}).`,
      next: 'Name a file in a folder you may write to: --output FILE',
    })
  }
  return error
}
