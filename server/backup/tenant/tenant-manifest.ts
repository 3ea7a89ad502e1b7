import { createHash } from 'node:crypto'
import { z } from 'zod'

/** The version of the format that this program writes and reads. */
export const TENANT_FORMAT = 1

const digest = z.string().regex(/^[0-9a-f]{64}$/)
const count = z.int().min(0)
const identifier = z.string().regex(/^[a-z_][a-z0-9_]{0,62}$/)

const rowsOf = z.strictObject({
  name: identifier,
  columns: z.array(identifier).min(1).max(500),
  rows: count,
  /** SHA-256 of its lines, line ends included. */
  sha256: digest,
})
/** The rows of one table in an archive. */
export type RowsEntry = z.output<typeof rowsOf>

export const tenantManifestSchema = z.strictObject({
  format: z.literal(TENANT_FORMAT),
  kind: z.literal('tenant'),
  id: z.uuid(),
  /** Time of the snapshot: all that was accepted before it is in the archive. */
  created_at: z.iso.datetime(),
  tenant: z.strictObject({ id: z.uuid(), slug: z.string().max(100), name: z.string().max(500) }),
  /** Fingerprint of the installation's root key: the same one can use hashes that were made with it. */
  installation: digest,
  version: z.string().max(40),
  schema_version: z.string().max(200),
  /** Whether values that the installation keeps sealed are in it, readable. Only ever in an encrypted archive. */
  secrets: z.enum(['included', 'left_out']),
  people: z.array(rowsOf).max(100),
  tables: z.array(rowsOf).min(1).max(10_000),
  /** `sha256` is of the lines `key size sha256` of all objects, in their order. */
  objects: z.strictObject({ count, bytes: count, sha256: digest }),
  audit: z.strictObject({
    lines: count,
    head: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .nullable(),
  }),
  /** Values that are not in it, and why. */
  left_out: z.array(
    z.strictObject({ table: identifier, column: identifier, rows: count, why: z.string().max(300) }),
  ),
  /** SHA-256 of this document as JSON without this field, keys in the order written. */
  seal: digest,
})
/** What an archive of a tenant holds, and how to tell that it is whole. Written last: an archive without it is none. */
export type TenantManifest = z.output<typeof tenantManifestSchema>

/** The manifest with its seal. */
export function sealManifest(manifest: Omit<TenantManifest, 'seal'>): TenantManifest {
  return { ...manifest, seal: sealOf(manifest) }
}

/** The manifest that this text is; undefined where it is none, or not as it was written. */
export function readManifest(text: string): TenantManifest | undefined {
  const parsed = tenantManifestSchema.safeParse(parseJson(text))
  if (!parsed.success) return undefined
  const { seal, ...rest } = JSON.parse(text) as TenantManifest
  return seal === sealOf(rest) ? parsed.data : undefined
}

function sealOf(manifest: object): string {
  return createHash('sha256').update(JSON.stringify(manifest)).digest('hex')
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
