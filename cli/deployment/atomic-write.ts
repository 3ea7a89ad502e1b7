import { randomBytes } from 'node:crypto'
import { mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Replaces a file so that a reader, even after a power cut, sees the whole old or the whole new
 * content: a temporary file beside it, fsync, rename, fsync of the folder. Root leaves the file to whose it was: containers
 * read secrets that are theirs.
 */
export async function atomicWrite(path: string, content: string | Uint8Array, mode = 0o600): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`
  try {
    const file = await open(temporary, 'wx', mode)
    try {
      await file.writeFile(content)
      await file.chmod(mode)
      const before = process.getuid?.() === 0 ? await stat(path).catch(() => undefined) : undefined
      if (before) await file.chown(before.uid, before.gid)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  await syncDirectory(dirname(path))
}

/** Creates a folder with exactly this mode, parents included; an existing one gets the mode too. */
export async function ensureDirectory(path: string, mode = 0o700): Promise<void> {
  await mkdir(path, { recursive: true, mode })
  const folder = await open(path, 'r')
  try {
    await folder.chmod(mode)
  } finally {
    await folder.close()
  }
}

async function syncDirectory(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
