import { userInfo } from 'node:os'
import { atomicWrite } from '../deployment/atomic-write.js'
import type { Keys } from './backup/protocol.js'
import { type BackupContext, useTool } from './backup/use-tool.js'
import { refuseExisting, writeNewFile } from './backup/write-new-file.js'
import { type RestoreSource, toolSource } from './restore/restore-source.js'

/** What is done where the tenant is here already. */
export const CONFLICT_RULES = ['refuse', 'merge-missing', 'replace'] as const

/** How a tenant comes in. */
export interface TenantArrival {
  as?: string | undefined
  conflict: (typeof CONFLICT_RULES)[number]
  confirm?: string | undefined
  dry_run: boolean
}

/** A tenant in one file. */
export interface ExportedTenant {
  tenant: string
  file: string
  size_bytes: number
  encrypted: boolean
}

/** What an import did, or would do. */
export interface ImportedTenant {
  tenant: { id: string; slug: string }
  dry_run: boolean
  tables: { name: string; rows: number; imported: number; present: number; skipped: number }[]
  people: { matched: number; created: number }
  objects: { stored: number; kept: number; removed: number }
  audit: { chain: 'taken' | 'kept' | 'attached'; lines: number; object: string | null }
  notes: string[]
}

/** A certificate of erasure, and where it was written. */
export interface ErasedTenant {
  document: {
    tenant: { id: string; slug: string }
    erased_at: string
    erased: { rows: number; people: number; objects: { count: number; bytes: number } }
  }
  sha256: string
  jws: string | null
  /** The same for people. */
  text: string
  file: string
}

/** Writes all of a tenant into one file. */
export async function exportTenant(
  context: BackupContext,
  { tenant, ...to }: { tenant: string; recipients: string[]; passphrase?: string },
  file: string,
): Promise<ExportedTenant> {
  const request = { slug: tenant, ...to }
  const size = await writeNewFile(file, (output) =>
    useTool(context, { verb: 'tenant-export', request, output }),
  )
  const encrypted = to.recipients.length > 0 || to.passphrase !== undefined
  return { tenant, file, size_bytes: size, encrypted }
}

/** Brings the tenant in a file into this deployment. */
export function importTenant(
  context: BackupContext,
  file: string,
  keys: Keys,
  arrival: TenantArrival,
): Promise<ImportedTenant> {
  const request = { file, ...keys, ...arrival, by: operator() }
  return useTool(context, { verb: 'tenant-import', request, mounts: [{ path: file }] })
}

/** Brings one tenant of a full backup into this deployment. */
export function restoreTenant(
  context: BackupContext,
  from: { source: RestoreSource; slug: string; keys: Keys },
  arrival: TenantArrival,
): Promise<ImportedTenant> {
  const { request: source, mounts } = toolSource(from.source)
  const request = { source, slug: from.slug, ...from.keys, ...arrival, by: operator() }
  return useTool(context, { verb: 'tenant-restore', request, mounts })
}

/** Erases a tenant; the certificate is in a file of its own when this returns. */
export async function eraseTenant(
  context: BackupContext,
  tenant: { slug: string; confirm: string; keep_people: boolean },
  file: string,
): Promise<ErasedTenant> {
  // There is one certificate, and it is made once.
  await refuseExisting(file)
  const signed = await useTool<Omit<ErasedTenant, 'file'>>(context, {
    verb: 'tenant-erase',
    request: { ...tenant, by: operator() },
  })
  await atomicWrite(file, `${JSON.stringify(signed, null, 2)}\n`)
  return { ...signed, file }
}

/** Who works on this host, as audit lines and certificates name them. */
function operator(): string {
  return `operator (${userInfo().username} on the host)`
}
