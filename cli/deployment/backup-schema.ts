import { Cron } from 'croner'
import { z } from 'zod'
import { isAgeRecipient } from './age-recipient.js'

/** Names a target: also part of the name of its secret. */
const targetName = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/, 'must be 1–40 of a-z, 0-9 and -, no - at either end')

const word = z
  .string()
  .min(1)
  .max(255)
  .regex(/^[^\s\0]+$/, 'must be one word')

const recipient = z
  .string()
  .max(100)
  .refine(isAgeRecipient, 'must be the recipient of an age key (age1…), and this one is mistyped or none')

const pattern = z
  .string()
  .max(100)
  .refine(isPattern, 'must be a cron pattern such as 17 3 * * * (minute hour day month weekday)')

const zone = z.string().max(64).refine(isZone, 'must be an IANA time zone such as Europe/Berlin')

const folder = z
  .string()
  .max(1_000)
  .regex(/^\/(?!.*(^|\/)\.{1,2}(\/|$))[^\0:\r\n]+[^\0:\r\n/]$/, 'must be an absolute path without . and ..')

const s3 = z.strictObject({
  endpoint: z.url({ protocol: /^https?$/ }).describe('URL of an S3-compatible store.'),
  region: word.default('us-east-1'),
  bucket: word,
  prefix: z
    .string()
    .max(200)
    .regex(/^([\w.-]+\/)*[\w.-]*$/, 'must be a path such as vetrai/production, without / at its beginning')
    .refine((path) => !path.split('/').some((part) => /^\.+$/.test(part)), 'must not hold . or ..')
    .transform((path) => path.replace(/\/+$/, ''))
    .default('')
    .describe('Where in the bucket backups go; several deployments may share a bucket.'),
  access_key: word.describe('Its secret is kept in secrets/backup-TARGET-secret-key.'),
})

const target = z
  .strictObject({
    name: targetName,
    folder: folder.optional().describe('Folder of this host, such as a mounted disk.'),
    s3: s3.optional(),
  })
  .refine(({ name, folder: path, s3: details }) => isOnePlace(name, path, details), {
    message: 'must name either a folder or s3 (only the target local may name none: it is backups/ here)',
  })

const amount = (fallback: number) => z.int().min(0).max(10_000).default(fallback)

const keep = z.strictObject({
  last: z.int().min(1).max(10_000).default(3).describe('This many of the newest, whatever their age.'),
  daily: amount(7).describe('The newest of each of this many days.'),
  weekly: amount(4).describe('The newest of each of this many weeks.'),
  monthly: amount(6).describe('The newest of each of this many months.'),
})

/** The target that a deployment has unless others are named: its own folder `backups/`. */
export const LOCAL_TARGET = 'local'

/** `backup` of vetrai.yml. */
export const backupSchema = z
  .strictObject({
    recovery: recipient
      .optional()
      .describe('Recipient of the recovery key, which was printed once; see: vetrai backup recovery-key'),
    recipients: z
      .array(recipient)
      .max(20)
      .default([])
      .describe('Recipients of further keys that shall read the backups.'),
    targets: z
      .array(target)
      .min(1)
      .max(10)
      .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, 'must have different names')
      .default([{ name: LOCAL_TARGET }])
      .describe('Where backups go, to all of them: folders, and S3 stores.'),
    schedule: pattern.nullable().default('17 3 * * *').describe('When backups are made; null for never.'),
    time_zone: zone.default('UTC').describe('Time zone of schedule and drill.'),
    keep: keep.prefault({}).describe('Which backups stay; older ones go.'),
    drill: pattern
      .nullable()
      .default('47 4 * * 0')
      .describe(
        'When the newest backup is restored to a database of its own, to see that it can be; null for never.',
      ),
    throttle_mb_s: z
      .number()
      .positive()
      .max(100_000)
      .optional()
      .describe('Most that a scheduled backup reads, in MB a second.'),
    notify: z
      .email()
      .max(254)
      .optional()
      .describe('Who is told of a backup that failed or did not happen; operator.email without it.'),
    wal: z
      .boolean()
      .default(false)
      .describe('Archives every change of the built-in PostgreSQL, so that any moment can be restored.'),
  })
  .describe('Backups: where they go, when, and for whom they are sealed.')

/** `backup` with every default filled in. */
export type BackupConfig = z.output<typeof backupSchema>

/** One place that backups go to. */
export type BackupTarget = BackupConfig['targets'][number]

function isOnePlace(name: string, path: string | undefined, details: unknown): boolean {
  const places = [path, details].filter((place) => place !== undefined).length
  return places === 1 || (places === 0 && name === LOCAL_TARGET)
}

function isPattern(text: string): boolean {
  // Without seconds: whatever runs by this takes longer than one.
  if (!/^(@[a-z]+|\S+( +\S+){4})$/.test(text)) return false
  try {
    return new Cron(text, { paused: true }).nextRun() !== null
  } catch {
    return false
  }
}

function isZone(text: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: text })
    return true
  } catch {
    return false
  }
}
