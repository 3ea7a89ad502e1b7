import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fingerprint } from './plan.js'

/**
 * Changes when a program file below a folder was added, removed or rewritten with other content; tests
 * do not count, and neither does a build that gives the same files again. A missing folder is empty.
 */
export async function folderStamp(folder: string): Promise<string> {
  const files = (await readdir(folder, { recursive: true }).catch(() => [])).sort()
  const programs = files.filter((name) => /\.(js|sql)$/.test(name) && !name.endsWith('.test.js'))
  return fingerprint(
    await Promise.all(programs.map(async (name) => [name, await hashOf(join(folder, name))])),
  )
}

/**
 * Changes when a secret that a program reads at its start has another value, so that `up` restarts it. The one before is
 * left out: it comes and goes without anything to be restarted for.
 */
export async function secretStamp(env: NodeJS.ProcessEnv): Promise<string> {
  const files = Object.entries(env).filter(([name]) => /(?<!_PREVIOUS)_FILE$/.test(name))
  return fingerprint(await Promise.all(files.map(async ([name, path]) => [name, await hashOf(path ?? '')])))
}

/** Null for a file that a build running now has just taken away. */
async function hashOf(path: string): Promise<string | null> {
  const content = await readFile(path).catch(() => null)
  return content && createHash('sha1').update(content).digest('base64')
}
