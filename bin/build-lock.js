'use strict'
const { linkSync, readFileSync, renameSync, rmSync, writeFileSync } = require('node:fs')
const { setTimeout: sleep } = require('node:timers/promises')

/**
 * Runs work as the only process that builds this installation. A lock whose owner died, even if its
 * process id was given to another program since, is taken over.
 */
async function withBuildLock(path, work) {
  const mine = identityOf(process.pid)
  for (let announced = false; !place(path, mine); await sleep(100)) {
    const owner = read(path)
    if (owner !== undefined && owner === identityOf(Number.parseInt(owner, 10))) {
      if (!announced) process.stderr.write('vetrai: waiting for another process that installs or builds\n')
      announced = true
    } else discard(path, owner)
  }
  try {
    return await work()
  } finally {
    if (read(path) === mine) rmSync(path, { force: true })
  }
}

/** A link appears whole or not at all. */
function place(path, identity) {
  const draft = `${path}.${process.pid}`
  writeFileSync(draft, identity)
  try {
    linkSync(draft, path)
    return true
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
    return false
  } finally {
    rmSync(draft, { force: true })
  }
}

/** Of several that find a dead owner, rename lets one win; a newer lock caught by mistake is put back. */
function discard(path, seen) {
  const grave = `${path}.${process.pid}.dead`
  try {
    renameSync(path, grave)
  } catch {
    return
  }
  if (read(grave) !== seen) {
    try {
      linkSync(grave, path)
    } catch {}
  }
  rmSync(grave, { force: true })
}

/** Process id and start time (proc(5), field 22); the id alone where there is no /proc. */
function identityOf(pid) {
  if (!(pid > 0)) return undefined
  const stat = read(`/proc/${pid}/stat`)
  if (stat !== undefined) return `${pid} ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`
  if (process.platform === 'linux') return undefined
  try {
    process.kill(pid, 0)
    return `${pid}`
  } catch (error) {
    return error.code === 'EPERM' ? `${pid}` : undefined
  }
}

function read(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

module.exports = { withBuildLock }
