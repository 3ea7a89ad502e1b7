import type { Retention } from '../choose-kept.js'
import { listBackups } from '../list-backups.js'
import type { ToolContext } from '../tool/context.js'
import type { RemainingBackup } from './certificate.js'

const DAY_MS = 86_400_000

/** Complete backups in every target, all of which have whatever was there when they were made; undefined where a target could not be asked. */
export async function backupsWith(context: ToolContext): Promise<RemainingBackup[] | undefined> {
  try {
    const { keep } = await context.recovery()
    const found: RemainingBackup[] = []
    for (const name of await context.targetNames()) {
      const { complete } = await listBackups(await context.target(name))
      for (const { manifest } of complete)
        found.push({
          ...{ target: name, id: manifest.id, created_at: manifest.created_at },
          expires_at: expiryOf(manifest.created_at, keep),
        })
    }
    return found
  } catch {
    // The erasure must not wait for a target that is away: the certificate then names no backup, and says so.
    return undefined
  }
}

/** The day by which retention has removed a backup, as long as new ones are made each day. */
export function expiryOf(createdAt: string, { last, daily, weekly, monthly }: Retention): string {
  const days = Math.max(last, daily, weekly * 7, monthly * 31) + 1
  return new Date(Date.parse(createdAt) + days * DAY_MS).toISOString().slice(0, 10)
}
