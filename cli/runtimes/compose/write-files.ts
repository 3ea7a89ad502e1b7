import { readdir, readFile, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { atomicWrite, ensureDirectory } from '../../deployment/atomic-write.js'

/**
 * Writes generated files below a folder, each whole or not at all, and removes those that are no longer asked for. One that
 * says the same already keeps its place on the disk, as containers that mount it see no other.
 */
export async function writeFiles(folder: string, files: Record<string, string>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name)
    if ((await readFile(path, 'utf8').catch(() => undefined)) === content) continue
    await ensureDirectory(dirname(path), 0o700)
    await atomicWrite(path, content, 0o600)
  }
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isFile() && !Object.hasOwn(files, path.slice(folder.length + 1)))
      await rm(path, { force: true })
  }
}
