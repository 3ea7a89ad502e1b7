import type { Ctx } from '../../kernel/context.js'
import { defineJob } from '../../kernel/define-job.js'
import { type JobHandle, RunLater } from '../../kernel/job-handle.js'
import { nothing } from '../../kernel/schema.js'
import type { SealedColumn } from '../../kernel/sealed-column.js'
import { sealPrefix } from '../../kernel/secrets.js'
import { deleteDataKeysBefore, lockInstallationKeys, markResealed, type StoredDataKey } from './rows.js'
import { countOthers, readSealed, replaceSealed, type SealedValue } from './sealed-values.js'

/** A replaced key is kept this long after its successor began to seal: a process that stood still may wake up. */
export const KEEP_REPLACED_MS = 86_400_000
/** A moment after a key begins to seal: no process is still about to store what an older one sealed. */
export const SETTLE_MS = 2_000
/** Values that one transaction seals anew. */
const BATCH = 200

/** What one run did. */
export interface Resealing {
  /** The key that everything is to be sealed with; null before the first rotation. */
  key: number | null
  resealed: number
  /** Values that no kept key opens; they stay as they are, and so do the keys. */
  unreadable: number
  /** Older keys that were removed. */
  dropped: number[]
}

/**
 * Seals every stored value with the newest key, in small steps that can be cut short anywhere, and removes older keys
 * once nothing is sealed with them and a day has gone by. By itself it looks now and then and mostly finds nothing to do.
 */
export const resealValues = defineJob({
  name: 'kernel.reseal',
  payload: nothing,
  attempts: 20,
  timeoutMs: 1_800_000,
  concurrency: { total: 1 },
  period: { everySeconds: 600 },
  safeToRepeat: 'puts the same value under a newer key in the place of what it read, unless that was changed',
  run: async (ctx, _payload, job): Promise<Resealing> => {
    const { sealingKeys, sealed } = ctx.resources
    await sealingKeys.load()
    const keys = await ctx.system('keys of the installation', () => sealingKeys.list())
    const newest = keys.at(-1)
    if (newest && newest.dueMs > -SETTLE_MS)
      throw new RunLater('the newest key does not seal yet', newest.dueMs + SETTLE_MS, true)
    const done: Resealing = { key: newest?.id ?? null, resealed: 0, unreadable: 0, dropped: [] }
    if (!newest || (newest.resealedAt !== null && !mayDrop(keys, newest))) return done
    for (const [at, column] of sealed.entries()) {
      await resealColumn(ctx, column, newest.id, { done, job })
      job.progress((at + 1) / (sealed.length + 1), `${column.table}.${column.column}`)
    }
    if (done.unreadable > 0) job.log(`${done.unreadable} values are opened by no key and stay as they are`)
    done.dropped = await settle(ctx, keys, newest)
    return done
  },
})

async function resealColumn(
  ctx: Ctx,
  column: SealedColumn,
  keyId: number,
  { done, job }: { done: Resealing; job: JobHandle },
): Promise<void> {
  const except = sealPrefix(keyId)
  for (let after: Record<string, string> | undefined; ; ) {
    job.signal.throwIfAborted()
    // A newer key has a job of its own.
    if (ctx.secrets.ring.current()?.id !== keyId) return
    const values = await ctx.system('sealed values of every tenant', async () => {
      await ctx.db.query({ text: "select set_config('vetrai.keeps_updated_at', 'on', true)" })
      const batch = await readSealed(ctx.db, column, { limit: BATCH, after, except })
      for (const value of batch) await resealOne(ctx, column, value, done)
      return batch
    })
    after = values.at(-1)?.row
    if (values.length < BATCH) return
  }
}

async function resealOne(ctx: Ctx, column: SealedColumn, value: SealedValue, done: Resealing): Promise<void> {
  const context = column.context(value.row)
  const plain = openOrNull(ctx, value.sealed, context)
  if (plain === null) {
    done.unreadable += 1
    return
  }
  if (await replaceSealed(ctx.db, column, value, ctx.secrets.seal(plain, context))) done.resealed += 1
}

function openOrNull(ctx: Ctx, sealed: Buffer, context: string): Buffer | null {
  try {
    return ctx.secrets.unseal(sealed, context)
  } catch (err) {
    ctx.log.warn({ err }, 'a sealed value cannot be opened')
    return null
  }
}

/** Notes that nothing older is left, and drops what may be dropped; neither while one value is sealed otherwise. */
function settle(ctx: Ctx, keys: readonly StoredDataKey[], target: StoredDataKey): Promise<number[]> {
  return ctx.system('keys of the installation', async () => {
    await lockInstallationKeys(ctx.db)
    for (const column of ctx.resources.sealed) {
      if ((await countOthers(ctx.db, column, sealPrefix(target.id))) > 0) return []
    }
    await markResealed(ctx.db, target.id)
    if (!mayDrop(keys, target)) return []
    const dropped = await deleteDataKeysBefore(ctx.db, target.id)
    ctx.afterCommit(() => ctx.resources.sealingKeys.announce())
    return dropped
  })
}

function mayDrop(keys: readonly StoredDataKey[], target: StoredDataKey): boolean {
  return keys.some(({ id }) => id < target.id) && -target.dueMs >= KEEP_REPLACED_MS
}
