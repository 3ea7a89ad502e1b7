import { z } from 'zod'

const word = z.string().min(1).max(1_000)

/** `latest`, or the id of a backup. */
export const backupId = z
  .string()
  .regex(
    /^(latest|\d{8}T\d{6}Z-[0-9a-f]{6})$/,
    'is no id of a backup: vetrai backup list shows those there are',
  )

export const targetName = z.string().min(1).max(40)

const s3 = z.strictObject({
  endpoint: z.url({ protocol: /^https?$/ }),
  region: word,
  bucket: word,
  prefix: z.string().max(200),
  access_key: word,
  secret_key: word,
})

/** Where a backup is read from: a downloaded file, a folder or bucket that no target names, or a target (any where none is named). */
export const source = z.union([
  z.strictObject({ file: word }),
  z.strictObject({ folder: word, id: backupId.default('latest') }),
  z.strictObject({ s3, id: backupId.default('latest') }),
  z.strictObject({ target: targetName.nullish(), id: backupId.nullable().default('latest') }),
])
export type Source = z.output<typeof source>

/** What opens an archive, besides the deployment's own key. */
export const keys = {
  identities: z.array(z.string().max(200)).max(20).default([]),
  passphrase: z.string().min(1).max(1_000).optional(),
}
export type Keys = z.output<z.ZodObject<typeof keys>>

/** A request that names a backup and what opens it, with these fields besides. */
export function aboutBackup<S extends z.ZodRawShape>(more: S) {
  const all = { ...keys, ...more }
  return z.union([
    z.strictObject({ file: word, ...all }),
    z.strictObject({ target: targetName.nullish(), id: backupId.nullable().default('latest'), ...all }),
  ])
}

/** The source in such a request. */
export function sourceIn(
  request: { file: string } | { target?: string | null | undefined; id: string | null },
): Source {
  return 'file' in request ? { file: request.file } : { target: request.target, id: request.id }
}

/** Name of a database that this program makes beside the living one. */
export const besideName = z
  .string()
  .regex(/^vetrai_[a-z]+_[a-z0-9_]{1,40}$/, 'is no name of a database beside the living one')

export const jobs = z.int().min(1).max(32).optional()
export const rate = z.number().positive().optional()
