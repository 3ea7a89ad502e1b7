import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isSystemError } from '../../deployment/errors.js'
import { fingerprint } from './plan.js'

/** Changes when a program file below a folder was added, removed or rewritten; tests do not count. */
export async function folderStamp(folder: string): Promise<string> {
  const files = (await readdir(folder, { recursive: true }).catch(() => [])).sort()
  const programs = files.filter((name) => /\.(js|sql)$/.test(name) && !name.endsWith('.test.js'))
  return fingerprint(
    await Promise.all(programs.map(async (name) => [name, await stampOf(join(folder, name))])),
  )
}

async function stampOf(path: string): Promise<string | null> {
  try {
    const { mtimeMs, size } = await stat(path)
    return `${mtimeMs}:${size}`
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR')) return null
    throw error
  }
}
