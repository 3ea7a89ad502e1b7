import { rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { entriesOf, ignoreMissing, readMeta } from './file-layout.js'
import { checkPrefix } from './keys.js'

/** Keys that begin with `prefix` and come after `after`, in byte order; folders left out are not opened. */
export async function* walkKeys(root: string, prefix: string, after: string): AsyncGenerator<string> {
  const { folder } = checkPrefix(prefix)
  const base = folder.length === 0 ? '' : `${folder.join('/')}/`
  yield* walkFolder(join(root, 'objects', ...folder), base, prefix, after)
}

async function* walkFolder(
  path: string,
  base: string,
  prefix: string,
  after: string,
): AsyncGenerator<string> {
  const names = (await entriesOf(path)).flatMap((entry) => {
    if (entry.isDirectory()) return [`${base}${entry.name}/`]
    return entry.name.endsWith('~meta') ? [`${base}${entry.name.slice(0, -5)}`] : []
  })
  // With the slash kept, a folder sorts exactly where its keys do. Keys are ASCII: code units are bytes.
  for (const name of names.sort((a, b) => (a < b ? -1 : 1))) {
    if (!name.endsWith('/')) {
      if (name.startsWith(prefix) && name > after) yield name
      continue
    }
    const canMatch = name.startsWith(prefix) || prefix.startsWith(name)
    const canFollow = name > after || after.startsWith(name)
    if (canMatch && canFollow) yield* walkFolder(join(path, name.slice(base.length, -1)), name, prefix, after)
  }
}

const DAY_MS = 86_400_000

/** Removes temporary and unreferenced data files older than a day; gives their number. */
export async function removeLeftovers(root: string, now: Date): Promise<number> {
  const isOld = async (path: string) => {
    const found = await stat(path).catch(ignoreMissing)
    return found !== undefined && now.getTime() - found.mtimeMs > DAY_MS
  }
  let removed = 0
  const remove = async (path: string) => {
    if (!(await isOld(path))) return
    await rm(path, { force: true })
    removed += 1
  }
  for (const entry of await entriesOf(join(root, 'tmp'))) await remove(join(root, 'tmp', entry.name))
  for await (const path of orphans(join(root, 'objects'))) await remove(path)
  return removed
}

async function* orphans(folder: string): AsyncGenerator<string> {
  for (const entry of await entriesOf(folder)) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) yield* orphans(path)
    const [, name, id] = /^([^~]+)~([0-9a-f]{12})$/.exec(entry.name) ?? []
    if (name === undefined) continue
    const meta = await readMeta(join(folder, `${name}~meta`)).catch(() => ({ data: id }))
    if (meta?.data !== id) yield path
  }
}
