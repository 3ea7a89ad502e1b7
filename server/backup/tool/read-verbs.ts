import { finished } from 'node:stream/promises'
import { z } from 'zod'
import { backupObjects } from '../backup-objects.js'
import { verified } from '../codec/read-part.js'
import { copyBackup } from '../copy-backup.js'
import { noteVerified } from '../note-verified.js'
import { writeArchive } from '../stores/write-archive.js'
import { verifyBackup } from '../verify-backup.js'
import { findBackup } from './find-backup.js'
import { aboutBackup, backupId, keys, source, sourceIn, targetName } from './requests.js'
import { summaryOf } from './summary.js'
import { bytesWords, seconds } from './talk.js'
import { verb } from './verb.js'

/** Everything that a backup says of itself. */
export const info = verb(
  z.union([aboutBackup({}), z.strictObject({ source, ...keys })]),
  async (context, request) => {
    const place = 'source' in request ? request.source : sourceIn(request)
    const { manifest, store } = await findBackup(context, place)
    const { database, objects, deployment } = manifest
    return {
      ...(await summaryOf(store, manifest)),
      finished_at: manifest.finished_at,
      deployment: { id: deployment.id, name: deployment.name, runtime: deployment.runtime },
      database: {
        server_version: database.server_version,
        schema_version: database.schema_version,
        migrations: database.migrations.length,
        extensions: database.extensions,
        tables: database.tables.map(({ name, rows, parts }) => ({
          name,
          rows,
          bytes: parts.reduce((sum, part) => sum + part.size, 0),
        })),
      },
      object_bytes: objects?.bytes ?? null,
      kit: manifest.kit !== null,
    }
  },
)

/** The sealed configuration and secrets of a backup, as base64; null where it has none. */
export const kit = verb(z.strictObject({ source }), async (context, request) => {
  const { manifest, store } = await findBackup(context, request.source)
  if (manifest.kit === null) return { id: manifest.id, kit: null }
  const pieces: Buffer[] = []
  for await (const piece of verified(store, manifest.kit, context.signal)) pieces.push(piece)
  return { id: manifest.id, kit: Buffer.concat(pieces).toString('base64') }
})

/** Reads a whole backup and tells all that is wrong with it. */
export const verify = verb(aboutBackup({}), async (context, request) => {
  const began = performance.now()
  const { manifest, store } = await findBackup(context, sourceIn(request))
  context.talk.step(`Read ${manifest.id} in ${store.name}`)
  const result = await verifyBackup(store, manifest, {
    opening: context.opening(request),
    signal: context.signal,
    onProgress: ({ bytes, files, files_total: total }) =>
      context.talk.detail(`${files} of ${total} files, ${bytesWords(bytes)}`, { done: files, total }),
  })
  if (result.ok && result.content) await noteVerified(store, manifest, 'verify')
  return {
    id: manifest.id,
    target: 'file' in request ? null : store.name,
    ok: result.ok,
    parts: result.parts,
    objects: result.objects === 'checked' ? (manifest.objects?.count ?? 0) : 0,
    bytes: result.bytes,
    opened: result.content,
    damaged: result.problems.map(({ name, message }) => ({ name, problem: message })),
    duration_s: seconds(began),
  }
})

/** Copies a backup from one target to another. */
export const copy = verb(
  z.strictObject({ id: backupId, from: targetName.nullable().default(null), to: targetName, ...keys }),
  async (context, { id, from, to, ...secret }) => {
    const began = performance.now()
    const { manifest, store } = await findBackup(context, { target: from, id })
    context.talk.step(`Copy ${manifest.id} to ${to}`)
    const result = await copyBackup(store, await context.target(to), manifest, {
      opening: context.opening(secret),
      signal: context.signal,
      onProgress: ({ bytes }) => context.talk.detail(bytesWords(bytes)),
    })
    return {
      ...{ id: manifest.id, from: store.name, to, bytes: result.bytes },
      objects: manifest.objects?.count ?? 0,
      files_copied: result.copied,
      duration_s: seconds(began),
    }
  },
)

/** Writes a backup as one file to the output. */
export const download = verb(aboutBackup({}), async (context, request, output) => {
  const { manifest, store } = await findBackup(context, sourceIn(request))
  context.talk.step(`Pack ${manifest.id}`)
  const objects = backupObjects(store, manifest, context.opening(request), context.signal)
  await writeArchive(store, manifest, namesOf(objects), output, {
    signal: context.signal,
    onBytes: (bytes) => context.talk.detail(bytesWords(bytes)),
  })
  output.end()
  await finished(output).catch((error: NodeJS.ErrnoException) => {
    // Standard output never says that it is closed.
    if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error
  })
  return undefined
})

async function* namesOf(objects: AsyncIterable<{ name: string }>): AsyncGenerator<string> {
  for await (const { name } of objects) yield name
}
