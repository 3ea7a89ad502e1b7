import { z } from 'zod'

const word = z
  .string()
  .min(1)
  .max(255)
  .regex(/^[^\s\0]+$/, 'must be one word')

const s3 = z.strictObject({
  endpoint: z.url({ protocol: /^https?$/ }).describe('URL of an S3-compatible store.'),
  region: word.default('us-east-1'),
  bucket: word,
  prefix: z
    .string()
    .max(200)
    .regex(/^([\w.-]+\/)*[\w.-]*$/, 'must be a path such as vetrai/production, without / at its beginning')
    .default('')
    .describe('Where in the bucket backups go; several deployments may share a bucket.'),
  access_key: word.describe('Its secret is kept in secrets/backup-TARGET-secret-key.'),
})

const target = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/, 'must be 1–40 of a-z, 0-9 and -, no - at either end'),
  folder: z
    .string()
    .max(1_000)
    .regex(/^\/(?!.*(^|\/)\.{1,2}(\/|$))[^\0:\r\n]+[^\0:\r\n/]$/, 'must be an absolute path without . and ..')
    .optional()
    .describe('Folder of this host, such as a mounted disk.'),
  s3: s3.optional(),
})

/** `backup` of vetrai.yml. */
export const backupSchema = z
  .strictObject({
    targets: z
      .array(target)
      .min(1)
      .max(10)
      .default([{ name: 'local' }])
      .describe('Where backups go, to all of them: folders, and S3 stores.'),
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
