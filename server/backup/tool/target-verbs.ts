import { Readable } from 'node:stream'
import { z } from 'zod'
import { BackupError } from '../backup-error.js'
import { chooseKept } from '../choose-kept.js'
import { type BackupList, listBackups } from '../list-backups.js'
import { pruneBackups } from '../prune-backups.js'
import type { RecoverySettings, RecoveryTarget } from '../recovery-settings.js'
import type { BackupStore } from '../stores/backup-store.js'
import type { ToolContext } from './context.js'
import { backupId, targetName } from './requests.js'
import { type Summary, sizes, summaryOf } from './summary.js'
import { verb } from './verb.js'

const targets = z.array(targetName).nullable().default(null)

interface Problem {
  target: string
  id: string | null
  code: string
  message: string
  next: string
}

/** What every target holds, newest first; a target that cannot be read is told of beside the others. */
export const list = verb(z.strictObject({ targets }), async (context, request) => {
  const backups = new Map<string, Summary>()
  const problems: Problem[] = []
  for (const name of request.targets ?? (await context.targetNames())) {
    try {
      const store = await context.target(name)
      const found = await listBackups(store)
      for (const { manifest } of found.complete) {
        const summary = await summaryOf(store, manifest)
        const known = backups.get(manifest.id)
        known?.targets.push(name)
        if (!known) backups.set(manifest.id, { ...summary, targets: [name] })
        else known.verified_at = latest(known.verified_at, summary.verified_at)
      }
      problems.push(...problemsOf(name, found))
    } catch (error) {
      problems.push(problemOf(name, null, error))
    }
  }
  return { backups: [...backups.values()].sort((a, b) => (a.id < b.id ? 1 : -1)), problems }
})

function latest(a: string | null, b: string | null): string | null {
  return a !== null && b !== null ? (a > b ? a : b) : (a ?? b)
}

function problemsOf(target: string, { incomplete, unreadable }: BackupList): Problem[] {
  return [
    ...unreadable.map(({ id, error }) => problemOf(target, id, error)),
    ...incomplete.map(({ id }) => ({
      ...{ target, id, code: 'incomplete' },
      message: `${id} is not complete: it is being made, or was not finished.`,
      next: '`vetrai backup prune` removes it once it is a day old.',
    })),
  ]
}

/** Anything but a BackupError is a fault of the program and ends it. */
function problemOf(target: string, id: string | null, error: unknown): Problem {
  if (!(error instanceof BackupError)) throw error
  const { code, message, next } = error
  return { target, id, code, message, next }
}

/** Removes what is beyond the retention, in every target. */
export const prune = verb(
  z.strictObject({ targets, needed: z.array(backupId).default([]), dry_run: z.boolean().default(false) }),
  async (context, { needed, dry_run: dryRun, ...request }) => {
    const settings = await context.recovery()
    const sum = { removed: [] as object[], kept: [] as object[], objects_removed: 0, bytes_freed: 0 }
    for (const target of request.targets ?? (await context.targetNames())) {
      context.talk.step(`${dryRun ? 'Look at' : 'Prune'} ${target}`)
      const store = await context.target(target)
      const before = new Map(
        (await listBackups(store)).complete.map(({ manifest }) => [manifest.id, manifest]),
      )
      const {
        kept,
        removed,
        removed_objects: objects,
      } = await pruneBackups(store, {
        keep: settings.keep,
        timeZone: settings.time_zone,
        opening: context.opening({ identities: [] }),
        deployment: settings.deployment.id,
        needed,
        dryRun,
        signal: context.signal,
        onDetail: (detail) => context.talk.detail(detail),
      })
      const describe = (id: string) => {
        const manifest = before.get(id)
        const bytes = manifest ? sizes(manifest).bytes : 0
        return { id, target, created_at: manifest?.created_at ?? null, bytes }
      }
      sum.removed.push(...removed.map(describe))
      const rules = rulesOf([...before.values()], settings)
      sum.kept.push(...kept.map((id) => ({ ...describe(id), reasons: rules(id) })))
      sum.objects_removed += objects.count
      sum.bytes_freed += objects.bytes + removed.reduce((all, id) => all + describe(id).bytes, 0)
    }
    return { dry_run: dryRun, ...sum }
  },
)

/** By which rules of the retention a backup stays. */
function rulesOf(
  backups: { id: string; created_at: string }[],
  { keep, time_zone: zone }: RecoverySettings,
): (id: string) => string[] {
  const none = { last: 0, daily: 0, weekly: 0, monthly: 0 }
  const kept = Object.entries(keep).map(
    ([rule, most]) => [rule, chooseKept(backups, { ...none, [rule]: most }, zone)] as const,
  )
  return (id) => kept.flatMap(([rule, ids]) => (ids.has(id) ? [rule] : []))
}

/** Tries targets: can each be read and written, what room is there, and what is the newest backup. */
export const checkTarget = verb(z.strictObject({ targets }), async (context, request) => {
  const { targets: all } = await context.recovery()
  const wanted = all.filter(({ name }) => request.targets?.includes(name) ?? true)
  return { targets: await Promise.all(wanted.map((target) => stateOf(context, target))) }
})

async function stateOf(context: ToolContext, target: RecoveryTarget) {
  const { name } = target
  const place = 'folder' in target ? target.folder : `${target.s3.bucket}/${target.s3.prefix}`
  const unknown = { name, place, free_bytes: null, backups: 0, newest: null }
  let store: BackupStore
  try {
    store = await context.target(name)
    const { complete } = await listBackups(store)
    const [newest] = complete
    const known = {
      ...unknown,
      reachable: true,
      free_bytes: (await store.free()) ?? null,
      backups: complete.length,
      newest: newest
        ? {
            id: newest.manifest.id,
            created_at: newest.manifest.created_at,
            bytes: sizes(newest.manifest).bytes,
          }
        : null,
    }
    const problem = await writeProblem(store)
    return { ...known, writable: problem === null, problem }
  } catch (error) {
    const { code, message, next } = problemOf(name, null, error)
    return { ...unknown, reachable: false, writable: false, problem: { code, message, next } }
  }
}

async function writeProblem(store: BackupStore) {
  const name = `backups/check-${process.pid}`
  try {
    await store.put(name, Readable.from([Buffer.from('vetrai')]))
    await store.delete(name)
    return null
  } catch (error) {
    const { code, message, next } = problemOf(store.name, null, error)
    return { code, message, next }
  }
}
