'use strict'
const { join } = require('node:path')
const { pathToFileURL } = require('node:url')
const { staleParts } = require('./freshness.js')

/**
 * Makes an installation ready that is not (first use, or its sources changed), then hands over to the
 * command line in this same process. Sets the exit code; never throws. VETRAI_SKIP_BUILD=1 runs what was built
 * last, whatever changed since.
 */
async function launch(argv, root) {
  try {
    const stale = process.env.VETRAI_SKIP_BUILD === '1' ? [] : staleParts(root)
    // Loaded only when there is work, so that every later start stays quick.
    if (stale.length > 0) await require('./first-use.js').makeReady(root)
    enableCompileCache(join(root, 'dist', '.compile-cache'))
    const programs = join(root, 'dist', 'packed')
    const { main } = await import(pathToFileURL(join(programs, 'cli', 'main.js')).href)
    await main(argv, root, programs)
  } catch (error) {
    process.exitCode = 1
    process.stderr.write(error.isExpected ? `${error.message}\n` : `${error.stack}\n`)
  }
}

/** Node 22 keeps compiled code between starts; older ones cannot. */
function enableCompileCache(folder) {
  const { enableCompileCache: enable } = require('node:module')
  if (typeof enable === 'function') enable(folder)
}

module.exports = { launch }
