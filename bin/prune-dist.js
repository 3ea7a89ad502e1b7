'use strict'
const { existsSync, readdirSync, rmSync } = require('node:fs')
const { join } = require('node:path')
const { SOURCES } = require('./freshness.js')

/**
 * Removes compiled files whose source is gone. The compiler leaves them, and a migration or a command
 * of an earlier version would live on.
 */
function pruneDist(root) {
  for (const folder of SOURCES) pruneFolder(join(root, 'dist', folder), join(root, folder))
}

function pruneFolder(compiled, sources) {
  if (!existsSync(compiled)) return
  for (const entry of readdirSync(compiled, { withFileTypes: true })) {
    const path = join(compiled, entry.name)
    if (entry.isDirectory()) {
      if (existsSync(join(sources, entry.name))) pruneFolder(path, join(sources, entry.name))
      else rmSync(path, { recursive: true, force: true })
      continue
    }
    const name = /^(.+)\.js(\.map)?$/.exec(entry.name)?.[1]
    const isOrphan =
      name && !existsSync(join(sources, `${name}.ts`)) && !existsSync(join(sources, `${name}.js`))
    if (isOrphan) rmSync(path, { force: true })
  }
}

module.exports = { pruneDist }
