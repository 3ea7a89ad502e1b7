import { finished } from 'node:stream/promises'
import { z } from 'zod'
import { BackupError } from '../backup-error.js'
import { backupObjects } from '../backup-objects.js'
import { verified } from '../codec/read-part.js'
import { copyBackup } from '../copy-backup.js'
import { listBackups } from '../list-backups.js'
import { type PruneResult, pruneBackups } from '../prune-backups.js'
import { writeArchive } from '../stores/write-archive.js'
import { verifyBackup } from '../verify-backup.js'
import { findBackup } from './find-backup.js'
import { sizes } from './make-backup.js'
import { backupId, keys, source, targetName } from './requests.js'
import { bytesWords } from './talk.js'
import { verb } from './verb.js'

/** What every target holds, newest first; a target that cannot be read is told of beside the others. */
export const list = verb(
  z.strictObject({ targets: z.array(targetName).nullable().default(null), source: source.optional() }),
  async (context, { targets, source: place }) => {
    const stores = place
      ? [{ name: 'source', open: () => context.source(place) }]
      : (targets ?? (await context.targetNames())).map((name) => ({ name, open: () => context.target(name) }))
    const backups = new Map<string, ReturnType<typeof entry>>()
    const problems: { target: string; message: string; next: string }[] = []
    for (const { name, open } of stores) {
      try {
        const { complete, incomplete, unreadable } = await listBackups(await open())
        for (const { manifest } of complete) {
          const known = backups.get(manifest.id) ?? entry(manifest)
          known.targets.push(name)
          backups.set(manifest.id, known)
        }
        for (const { error } of unreadable)
          problems.push({ target: name, message: error.message, next: error.next })
        for (const { id } of incomplete) {
          const message = `${id} is not complete: it is being made, or was not finished`
          problems.push({
            target: name,
            message,
            next: 'vetrai backup prune removes it once it is a day old.',
          })
        }
      } catch (error) {
        if (!(error instanceof BackupError)) throw error
        problems.push({ target: name, message: error.message, next: error.next })
      }
    }
    return { backups: [...backups.values()].sort((a, b) => (a.id < b.id ? 1 : -1)), problems }
  },
)

function entry(manifest: Parameters<typeof sizes>[0]) {
  const { id, created_at, reason, encryption, deployment, objects, database } = manifest
  return {
    ...{ id, created_at, reason, encryption, deployment },
    schema_version: database.schema_version,
    ...sizes(manifest),
    objects: objects?.count ?? 0,
    object_bytes: objects?.bytes ?? 0,
    targets: [] as string[],
  }
}

/** Everything that a backup says of itself. */
export const info = verb(z.strictObject({ source }), async (context, request) => {
  const { manifest, store } = await findBackup(context, request.source)
  return { target: store.name, manifest, ...sizes(manifest) }
})

/** The sealed configuration and secrets of a backup, as base64. */
export const kit = verb(z.strictObject({ source }), async (context, request) => {
  const { manifest, store } = await findBackup(context, request.source)
  if (manifest.kit === null) return { id: manifest.id, kit: null }
  const pieces: Buffer[] = []
  for await (const piece of verified(store, manifest.kit, context.signal)) pieces.push(piece)
  return { id: manifest.id, kit: Buffer.concat(pieces).toString('base64') }
})

/** Reads a whole backup and tells all that is wrong with it. */
export const verify = verb(
  z.strictObject({ source, ...keys, content: z.boolean().default(true) }),
  async (context, { content, ...request }) => {
    const { manifest, store } = await findBackup(context, request.source)
    context.talk.step(`Read ${manifest.id} in ${store.name}`)
    const result = await verifyBackup(store, manifest, {
      opening: context.opening(request),
      content,
      signal: context.signal,
      onProgress: ({ bytes, files, files_total: total }) =>
        context.talk.detail(`${files} of ${total} files, ${bytesWords(bytes)}`, { done: files, total }),
    })
    return { id: manifest.id, target: store.name, ...result }
  },
)

/** Removes what is beyond the retention, in every target. */
export const prune = verb(
  z.strictObject({
    targets: z.array(targetName).nullable().default(null),
    needed: z.array(backupId).default([]),
    dry_run: z.boolean().default(false),
  }),
  async (context, { targets, needed, dry_run: dryRun }) => {
    const settings = await context.recovery()
    const results: ({ target: string } & PruneResult)[] = []
    for (const target of targets ?? (await context.targetNames())) {
      context.talk.step(`${dryRun ? 'Look at' : 'Prune'} ${target}`)
      const result = await pruneBackups(await context.target(target), {
        keep: settings.keep,
        timeZone: settings.time_zone,
        opening: context.opening({ identities: [] }),
        deployment: settings.deployment.id,
        needed,
        dryRun,
        signal: context.signal,
        onDetail: (detail) => context.talk.detail(detail),
      })
      results.push({ target, ...result })
    }
    return { dry_run: dryRun, targets: results }
  },
)

/** Copies a backup from one target to another. */
export const copy = verb(
  z.strictObject({ id: backupId, from: targetName.nullable().default(null), to: targetName, ...keys }),
  async (context, { id, from, to, ...secret }) => {
    const { manifest, store } = await findBackup(context, { target: from, id })
    context.talk.step(`Copy ${manifest.id} to ${to}`)
    const result = await copyBackup(store, await context.target(to), manifest, {
      opening: context.opening(secret),
      signal: context.signal,
      onProgress: ({ bytes }) => context.talk.detail(bytesWords(bytes)),
    })
    return { id: manifest.id, from: store.name, to, ...result }
  },
)

/** Writes a backup as one file to the output. */
export const download = verb(z.strictObject({ source, ...keys }), async (context, request, output) => {
  const { manifest, store } = await findBackup(context, request.source)
  context.talk.step(`Pack ${manifest.id}`)
  const objects = backupObjects(store, manifest, context.opening(request), context.signal)
  await writeArchive(store, manifest, namesOf(objects), output, {
    signal: context.signal,
    onBytes: (bytes) => context.talk.detail(bytesWords(bytes)),
  })
  output.end()
  await finished(output)
  return undefined
})

async function* namesOf(objects: AsyncIterable<{ name: string }>): AsyncGenerator<string> {
  for await (const { name } of objects) yield name
}

/** Tries a target: can it be read and written, and what room is there. */
export const checkTarget = verb(z.strictObject({ target: targetName }), async (context, { target }) => {
  const store = await context.target(target)
  const name = `backups/check-${process.pid}`
  const { Readable } = await import('node:stream')
  await store.put(name, Readable.from([Buffer.from('vetrai')]))
  await store.delete(name)
  return { target, writable: true, free_bytes: (await store.free()) ?? null }
})
