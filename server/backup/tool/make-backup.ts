import { z } from 'zod'
import { VERSION } from '../../version.js'
import { BackupError } from '../backup-error.js'
import { Throttle } from '../codec/throttle.js'
import { copyBackup } from '../copy-backup.js'
import { createBackup } from '../create-backup.js'
import { GENTLE, giveWay } from '../gentle.js'
import type { Manifest } from '../manifest.js'
import type { ToolContext } from './context.js'
import { noteRun } from './note-run.js'
import { jobs, type Keys, rate, targetName } from './requests.js'
import { sizes } from './summary.js'
import { bytesWords, seconds } from './talk.js'
import { verb } from './verb.js'

const MEGA = 1_000_000

const request = z.strictObject({
  /** All of the deployment's where null. */
  targets: z.array(targetName).min(1).max(10).nullable().default(null),
  reason: z.enum(['manual', 'schedule', 'before-restore', 'before-upgrade', 'before-move']).default('manual'),
  passphrase: z.string().min(1).max(1_000).optional(),
  objects: z.boolean().default(true),
  throttle_mb_s: rate,
  jobs,
})

/**
 * Makes a backup in the first target and copies it to the others, so that one that is away costs its own copy only. Fails, with
 * the backup kept, where a copy could not be made.
 */
export const makeBackup = verb(request, async (context, { targets, ...wish }) => {
  const began = performance.now()
  const [first, ...others] = targets ?? (await context.targetNames())
  const store = await context.target(first)
  const settings = await context.recovery()
  const perSecond = wish.throttle_mb_s ?? (wish.reason === 'schedule' ? settings.throttle_mb_s : undefined)
  const sealing = await context.sealing(wish)
  // Nobody waits for it, and everybody else goes on working.
  const isQuiet = wish.reason === 'schedule'
  if (isQuiet) giveWay()
  const secret = { identities: [], passphrase: wish.passphrase }
  let step = ''
  const made = await createBackup({
    store,
    database: context.backupLogin,
    objects: wish.objects ? await context.objects() : undefined,
    kit: await context.kit(),
    deployment: { ...settings.deployment, version: VERSION },
    reason: wish.reason,
    sealing,
    opening: context.opening(secret),
    ...(perSecond && { throttle: new Throttle(perSecond * MEGA) }),
    ...(isQuiet ? GENTLE : {}),
    ...(wish.jobs && { jobs: wish.jobs }),
    signal: context.signal,
    say: (progress) => {
      if (step !== progress.step) context.talk.step(TITLES[progress.step])
      step = progress.step
      context.talk.detail(`${bytesWords(progress.bytes)} of ${bytesWords(progress.total_bytes)}`, {
        done: progress.bytes,
        total: progress.total_bytes,
      })
    },
  })
  const { manifest } = made
  const failures = await copyTo(context, others, first, { manifest, keys: secret })
  if (failures.length > 0) throw notEverywhere(manifest, store.name, failures)
  await noteRun(context, {
    ...{ kind: 'create', backup: manifest.id, bytes: sizes(manifest).bytes },
    ...{ targets: [store.name, ...others], durationMs: performance.now() - began },
  })
  return {
    id: manifest.id,
    created_at: manifest.created_at,
    targets: [store.name, ...others],
    ...sizes(manifest),
    objects: manifest.objects?.count ?? 0,
    objects_new: made.new_objects,
    objects_new_bytes: made.new_bytes,
    duration_s: seconds(began),
  }
})

const TITLES = { database: 'Copy the database', objects: 'Copy new objects' } as const

interface Failure {
  target: string
  message: string
}

async function copyTo(
  context: ToolContext,
  targets: string[],
  from: string | undefined,
  { manifest, keys }: { manifest: Manifest; keys: Keys },
): Promise<Failure[]> {
  const failures: Failure[] = []
  for (const target of targets) {
    context.talk.step(`Copy to ${target}`)
    try {
      await copyBackup(await context.target(from), await context.target(target), manifest, {
        opening: context.opening(keys),
        signal: context.signal,
        onProgress: ({ bytes }) => context.talk.detail(bytesWords(bytes)),
      })
    } catch (error) {
      if (context.signal.aborted) throw error
      failures.push({ target, message: error instanceof Error ? error.message : String(error) })
    }
  }
  return failures
}

function notEverywhere({ id }: Manifest, where: string, failures: Failure[]): BackupError {
  return new BackupError({
    code: 'copy_failed',
    message: `The backup ${id} is whole in ${where}, and missing in: ${failures.map(({ target, message }) => `${target} (${message})`).join('; ')}`,
    next: `See to the target, then: vetrai backup copy ${id} --from ${where} --to ${failures[0]?.target}`,
  })
}
