import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ROOT } from './installation.js'

/** What .dockerignore leaves out of them. */
const IGNORED = /\.test\.ts$|\/test-support\.ts$|^cli\/testing\//

/** Files of a source below the root, sorted; nothing for one that this installation lacks. */
export async function sourceFiles(source: string): Promise<string[]> {
  const path = join(ROOT, source)
  const entries = await readdir(path, { recursive: true, withFileTypes: true }).catch(() => undefined)
  if (entries === undefined)
    return (await readFile(path).catch(() => undefined)) === undefined ? [] : [source]
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length + 1))
    .filter((file) => !IGNORED.test(file))
    .sort()
}
