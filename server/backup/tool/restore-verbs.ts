import { z } from 'zod'
import { knownMigrations } from '../../storage/known-migrations.js'
import { BackupError } from '../backup-error.js'
import { readPart } from '../codec/read-part.js'
import { createScratch } from '../database/create-scratch.js'
import { loadDatabase } from '../database/load-database.js'
import { migrateTo, refuseUnknown } from '../database/migrate-to.js'
import type { DatabaseLogin } from '../database/open-client.js'
import { drill } from '../drill.js'
import { beginRest } from '../installation-rest.js'
import { noteVerified } from '../note-verified.js'
import { readObjectIndex } from '../object-index.js'
import { restoreObjects } from '../objects/restore-objects.js'
import { verifyBackup } from '../verify-backup.js'
import { findBackup } from './find-backup.js'
import { noteRun } from './note-run.js'
import { aboutBackup, besideName, jobs, keys, source, sourceIn } from './requests.js'
import { bytesWords, seconds } from './talk.js'
import { verb } from './verb.js'

/**
 * Loads a backup into a database beside the living one, at its own schema, and brings it to the schema of this version. It rests
 * from then on, as an installation does, until whoever puts it in its place says otherwise.
 */
export const restoreLoad = verb(
  z.strictObject({ source, ...keys, database: besideName, jobs }),
  async (context, { database, jobs: wanted, ...request }) => {
    const { manifest, store } = await findBackup(context, request.source)
    const opening = context.opening(request)
    const login: DatabaseLogin = { ...context.ownerLogin, database }
    context.talk.step(`Load ${manifest.id}`)
    await createScratch({ login: context.adminLogin, name: database, owner: 'vetrai_owner' })
    await migrateTo({ login, migrations: manifest.database.migrations })
    await loadDatabase({
      login,
      manifest: manifest.database,
      readPart: (part) => readPart(store, part, { opening, signal: context.signal }),
      ...(wanted && { jobs: wanted }),
      signal: context.signal,
      onProgress: ({ bytes, total_bytes: total }) =>
        context.talk.detail(`${bytesWords(bytes)} of ${bytesWords(total)}`, { done: bytes, total }),
    })
    const later = (await knownMigrations()).filter((name) => !manifest.database.migrations.includes(name))
    if (later.length > 0) {
      context.talk.step('Bring it to this version')
      await migrateTo({ login, migrations: await knownMigrations() })
    }
    await beginRest(login, 'A backup is being restored.')
    const { tables } = manifest.database
    return {
      id: manifest.id,
      tables: tables.length,
      rows: tables.reduce((sum, { rows }) => sum + rows, 0),
      migrated: later,
    }
  },
)

/** Reads every byte of a backup and looks whether this version can have it. Changes nothing. */
export const restoreCheck = verb(z.strictObject({ source, ...keys }), async (context, request) => {
  const { manifest, store } = await findBackup(context, request.source)
  const { migrations } = manifest.database
  await refuseUnknown(migrations)
  context.talk.step(`Read ${manifest.id}`)
  const { problems } = await verifyBackup(store, manifest, {
    opening: context.opening(request),
    signal: context.signal,
    onProgress: ({ files, files_total: total }) =>
      context.talk.detail(`${files} of ${total} files`, { done: files, total }),
  })
  if (problems[0]) throw new BackupError(problems[0])
  const known = await knownMigrations()
  return { ok: true, pending_migrations: known.filter((name) => !migrations.includes(name)) }
})

/** Puts back the objects of a backup that are missing or others. */
export const restoreObjectsOf = verb(
  z.strictObject({ source, ...keys, prune: z.boolean().default(false) }),
  async (context, { prune, ...request }) => {
    const { manifest, store } = await findBackup(context, request.source)
    if (manifest.objects === null) return { id: manifest.id, count: 0, bytes: 0, restored_count: 0 }
    const opening = context.opening(request)
    context.talk.step('Put objects back')
    const { count } = manifest.objects
    const result = await restoreObjects({
      objects: await context.objects(),
      store,
      encryption: manifest.encryption,
      index: readObjectIndex(store, manifest.objects.index, opening, context.signal),
      opening,
      mode: 'all',
      prune,
      signal: context.signal,
      onProgress: ({ count: done }) => context.talk.detail(`${done} of ${count}`, { done, total: count }),
    })
    return { id: manifest.id, ...result }
  },
)

/** Proves that a backup restores. */
export const drillBackup = verb(aboutBackup({ jobs }), async (context, request) => {
  const began = performance.now()
  const { manifest, store } = await findBackup(context, sourceIn(request))
  const report = await drill({
    store,
    manifest,
    opening: context.opening(request),
    login: context.backupLogin,
    env: process.env,
    ...(request.jobs && { jobs: request.jobs }),
    signal: context.signal,
    step: (title) => context.talk.step(title),
    detail: (text) => context.talk.detail(text),
  })
  await noteVerified(store, manifest, 'drill')
  const durationMs = performance.now() - began
  await noteRun(context, {
    kind: 'drill',
    backup: manifest.id,
    bytes: null,
    targets: [store.name],
    durationMs,
  })
  return { ...report, target: store.name, mismatches: [], duration_s: seconds(began) }
})
