import { z } from 'zod'

/** The version of the format that this program writes and reads. */
export const FORMAT = 1

const digest = z.string().regex(/^[0-9a-f]{64}$/)
const count = z.int().min(0)

/**
 * A whole name in a target, such as `backups/<id>/data/users.0001.zst.age`. No path leaves the target by it: no segment
 * begins with a dot.
 */
export const partName = z
  .string()
  .max(200)
  .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*(\/[A-Za-z0-9_][A-Za-z0-9_.-]*){0,3}$/)

/** One file of a backup: what is stored, and what comes out of it. */
export const part = z.strictObject({
  name: partName,
  /** Bytes as stored: compressed, then encrypted. */
  size: count,
  /** SHA-256 of the bytes as stored. */
  sha256: digest,
  /** Bytes once decrypted and decompressed. */
  plain_size: count,
})
export type Part = z.output<typeof part>

const identifier = z.string().regex(/^[a-z_][a-z0-9_]{0,62}$/)

const table = z.strictObject({
  name: identifier,
  columns: z.array(identifier).min(1).max(500),
  rows: count,
  /** In the order of the rows; each is a whole binary COPY stream of its own. */
  parts: z.array(part.extend({ rows: count })).max(100_000),
})

const databasePart = z.strictObject({
  /** Version of the PostgreSQL that was read, such as `17.5`. */
  server_version: z.string().max(40),
  schema_version: z.string().max(200),
  /** Applied migrations, oldest first. */
  migrations: z.array(z.string().regex(/^\d{14}-[a-z0-9-]{1,150}$/)).max(10_000),
  extensions: z
    .array(z.strictObject({ name: z.string().regex(/^[a-z0-9_-]{1,63}$/), version: z.string().max(40) }))
    .max(100),
  tables: z.array(table).max(10_000),
  sequences: z
    .array(
      z.strictObject({
        name: identifier,
        value: z.string().regex(/^-?\d{1,20}$/),
        is_called: z.boolean(),
      }),
    )
    .max(10_000),
})
export type DatabaseManifest = z.output<typeof databasePart>

export const manifestSchema = z.strictObject({
  format: z.literal(FORMAT),
  /** `20261126T031500Z-1a2b3c`: time of the snapshot in UTC, and chance. */
  id: z.string().regex(/^\d{8}T\d{6}Z-[0-9a-f]{6}$/),
  /** Time of the snapshot: all that was accepted before it is in the backup. */
  created_at: z.iso.datetime(),
  finished_at: z.iso.datetime(),
  deployment: z.strictObject({
    id: z.string().max(64),
    name: z.string().max(64),
    runtime: z.string().max(20),
    /** Version of VetrAI that made it. */
    version: z.string().max(40),
  }),
  /** Why it was made. */
  reason: z.enum(['manual', 'schedule', 'before-restore', 'before-upgrade', 'before-move']),
  encryption: z.enum(['age', 'none']),
  /** Fingerprint of the recipients that all of it, objects included, is sealed for; null where there are none. */
  sealed_for: digest.nullable(),
  compression: z.literal('zstd'),
  database: databasePart,
  /** Objects lie in the target beside all backups, by content; the index lists those of this one. */
  objects: z.strictObject({ count, bytes: count, index: part }).nullable(),
  /** vetrai.yml, lock.json and secrets, sealed for the recovery key; null where none was at hand. */
  kit: part.nullable(),
  /** SHA-256 of this document as JSON without this field, keys in the order written. */
  seal: digest,
})
/** What a backup holds, and how to tell that it is whole. Written last: a backup without it is none. */
export type Manifest = z.output<typeof manifestSchema>
