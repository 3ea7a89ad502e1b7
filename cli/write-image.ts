import { cp } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isForRunning, packagesOf } from './bundle/packages-of.js'
import { LEFT_OUT } from './left-out.js'

/**
 * Build step of the server's image (compose/Dockerfile): lays out in a folder what the packed server needs at run time,
 * `app` and, apart from it, `node_modules`. What the server finds by path is where it is in the tree.
 */
const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const PARTS = [
  ...['package.json', 'release.json', 'templates', 'web'],
  ...['dist/packed/server', 'dist/packed/shared', 'dist/server', 'dist/migrations', 'dist/templates'],
]

const [target] = process.argv.slice(2)
if (!target) throw new Error('usage: write-image FOLDER')
for (const part of PARTS) {
  await cp(join(root, part), join(target, 'app', part), { recursive: true, filter: isForRunning })
}
for (const name of await packagesOf(root, LEFT_OUT.server)) {
  const folder = join(root, name)
  await cp(folder, join(target, name), {
    recursive: true,
    filter: (path) => path === folder || (basename(path) !== 'node_modules' && isForRunning(path)),
  })
}
