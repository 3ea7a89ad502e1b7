import { randomBytes } from 'node:crypto'
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { isSystemError } from './errors.js'
import { identifySelf, isAlive, type ProcessIdentity } from './process-identity.js'

/** Who holds a lock and for what. */
export interface LockOwner extends ProcessIdentity {
  purpose: string
  since: string
}

/**
 * Takes a lock file for this process. A lock whose owner died is taken over; pid reuse does not fool
 * it. Answers the living owner when the lock is held past `waitMs`.
 */
export async function acquireLock(
  path: string,
  purpose: string,
  waitMs = 0,
): Promise<{ release(): Promise<void> } | { heldBy: LockOwner }> {
  const mine: LockOwner = { ...identifySelf(), purpose, since: new Date().toISOString() }
  const deadline = Date.now() + waitMs
  for (;;) {
    if (await place(path, mine)) return { release: () => release(path, mine) }
    const owner = await readOwner(path)
    if (owner === undefined || !isAlive(owner)) {
      await discardDead(path)
      continue
    }
    if (Date.now() >= deadline) return { heldBy: owner }
    await sleep(50)
  }
}

/** Reads who holds a lock; undefined when nobody does, dead owners included in the answer. */
export async function readOwner(path: string): Promise<LockOwner | undefined> {
  try {
    const owner: unknown = JSON.parse(await readFile(path, 'utf8'))
    return isOwner(owner) ? owner : undefined
  } catch (error) {
    if (error instanceof SyntaxError || isSystemError(error, 'ENOENT')) return undefined
    throw error
  }
}

/** A link appears whole or not at all, so nobody ever reads a half-written owner. */
async function place(path: string, owner: LockOwner): Promise<boolean> {
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  await writeFile(draft, JSON.stringify(owner), { mode: 0o600 })
  try {
    await link(draft, path)
    return true
  } catch (error) {
    if (isSystemError(error, 'EEXIST')) return false
    throw error
  } finally {
    await rm(draft, { force: true })
  }
}

/** Two who find the same dead owner: rename lets one win; a living owner renamed by mistake is put back. */
async function discardDead(path: string): Promise<void> {
  const grave = `${path}.${randomBytes(6).toString('hex')}`
  try {
    await rename(path, grave)
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return
    throw error
  }
  const buried = await readOwner(grave)
  if (buried !== undefined && isAlive(buried)) await link(grave, path).catch(() => {})
  await rm(grave, { force: true })
}

async function release(path: string, mine: LockOwner): Promise<void> {
  const owner = await readOwner(path)
  if (owner?.pid === mine.pid && owner.start === mine.start) await rm(path, { force: true })
}

function isOwner(value: unknown): value is LockOwner {
  return typeof value === 'object' && value !== null && 'pid' in value && 'start' in value
}
