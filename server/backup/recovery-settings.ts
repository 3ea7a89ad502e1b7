import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { BackupError } from './backup-error.js'

const target = z.union([
  z.strictObject({ name: z.string().max(40), folder: z.string().max(1_000) }),
  z.strictObject({
    name: z.string().max(40),
    s3: z.strictObject({
      endpoint: z.url({ protocol: /^https?$/ }),
      region: z.string().max(255),
      bucket: z.string().max(255),
      prefix: z.string().max(200),
      access_key: z.string().max(255),
      secret_key_file: z.string().max(1_000),
    }),
  }),
])

const keep = z.strictObject({
  last: z.int().min(1),
  daily: z.int().min(0),
  weekly: z.int().min(0),
  monthly: z.int().min(0),
})

const schema = z.strictObject({
  version: z.literal(1),
  deployment: z.strictObject({ id: z.string(), name: z.string(), runtime: z.string() }),
  targets: z.array(target).min(1),
  keep,
  recipients: z.array(z.string()),
  recovery: z.string().nullable(),
  throttle_mb_s: z.number().positive().nullable(),
  schedule: z.string().nullable(),
  drill: z.string().nullable(),
  time_zone: z.string(),
  notify: z.string(),
  wal: z.literal(true).optional(),
})

/** What the command line says of backups, in `settings.json` of the recovery folder: no secret is in it. */
export type RecoverySettings = z.output<typeof schema>

/** A place that backups go to, as this program reaches it. */
export type RecoveryTarget = RecoverySettings['targets'][number]

/** The sealed configuration and secrets beside them. */
export const KIT_FILE = 'kit.age'

/** Reads the settings of a recovery folder; BackupError where there are none that make sense. */
export async function readRecoverySettings(folder: string | undefined): Promise<RecoverySettings> {
  if (folder === undefined) throw unusable('BACKUP_RECOVERY_PATH names no folder')
  const file = join(folder, 'settings.json')
  let value: unknown
  try {
    value = JSON.parse(await readFile(file, 'utf8'))
  } catch (error) {
    throw unusable(`${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'no JSON'})`)
  }
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw unusable(
    `${file}: ${parsed.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`).join('; ')}`,
  )
}

function unusable(what: string): BackupError {
  return new BackupError({
    code: 'backup_settings_missing',
    message: `It is not known where backups go: ${what}.`,
    next: 'Write it anew with: vetrai up',
  })
}
