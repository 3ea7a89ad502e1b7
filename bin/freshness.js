'use strict'
const { createHash } = require('node:crypto')
const { lstatSync, readdirSync, readFileSync, statSync } = require('node:fs')
const { join } = require('node:path')

const SOURCES = ['cli', 'server', 'migrations', 'templates/messages']
const SETTINGS = ['tsconfig.json']
const COMPILED = /\.(ts|js|json|mjml)$/

/** Left in dist by a whole and by a failed build, and in node_modules by a whole installation. */
const BUILD_STAMP = '.vetrai-build'
const FAILED_STAMP = '.vetrai-build-failed'
const INSTALL_STAMP = '.vetrai-install'

/**
 * What must be made before the command line can run: `install`, `build`, both or nothing. An installed
 * package without sources or lock file is always ready. Costs a few milliseconds.
 */
function staleParts(root) {
  const parts = []
  if (needsInstall(root)) parts.push('install')
  if (parts.length > 0 || needsBuild(root)) parts.push('build')
  return parts.filter((part) => part !== 'build' || hasSources(root))
}

/** Times decide; where they leave a doubt, such as after a change of branch, the content does. */
function needsInstall(root) {
  const lock = modified(join(root, 'package-lock.json'))
  if (lock === undefined) return false
  const modules = join(root, 'node_modules')
  // A link leads to what another checkout uses: npm would empty it there.
  if (lstatSync(modules, { throwIfNoEntry: false })?.isSymbolicLink()) return false
  if ((modified(join(modules, '.package-lock.json')) ?? 0) >= lock) return false
  return read(join(modules, INSTALL_STAMP)) !== lockHash(root)
}

function needsBuild(root) {
  const dist = join(root, 'dist')
  // A build run by hand counts as well, unless it was ours and failed; packing is its last step.
  const packed = modified(join(dist, 'packed', 'oclif.manifest.json')) ?? 0
  const failed = modified(join(dist, FAILED_STAMP)) ?? 0
  const built = Math.max(modified(join(dist, BUILD_STAMP)) ?? 0, packed > failed ? packed : 0)
  if (built === 0 || modified(join(dist, 'packed', 'cli', 'main.js')) === undefined) return true
  if (SETTINGS.some((name) => (modified(join(root, name)) ?? 0) > built)) return true
  return SOURCES.some((name) => hasNewer(join(root, name), built))
}

function hasSources(root) {
  return modified(join(root, 'tsconfig.json')) !== undefined
}

/** A folder's own time tells of files that were added or removed. */
function hasNewer(folder, since) {
  if ((modified(folder) ?? 0) > since) return true
  for (const entry of entriesOf(folder)) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) {
      if (hasNewer(path, since)) return true
    } else if (COMPILED.test(entry.name) && (modified(path) ?? 0) > since) return true
  }
  return false
}

function entriesOf(folder) {
  try {
    return readdirSync(folder, { withFileTypes: true })
  } catch {
    return []
  }
}

/** Fingerprint of package-lock.json. */
function lockHash(root) {
  return createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')
}

function modified(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs
}

function read(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

module.exports = { staleParts, lockHash, SOURCES, BUILD_STAMP, FAILED_STAMP, INSTALL_STAMP }
