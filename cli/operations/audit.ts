import type { Api, Page } from '../clients/api.js'
import type { AuditEntry, ChainVerdict } from '../clients/resources.js'
import { collectPages, type PageRequest } from './collect-pages.js'

const AUDIT = '/tenancy/v1/audit-logs'

/** Entries of the audit log: of the tenant the client acts in, else of the installation. */
export function listAudit(
  api: Api,
  page: PageRequest,
  filter: { action?: string },
): Promise<Page<AuditEntry>> {
  return collectPages<AuditEntry>(api, AUDIT, page, filter)
}

/** Recomputes the hash chain and says where it breaks, if it does. */
export function verifyAudit(api: Api): Promise<ChainVerdict> {
  return api.post<ChainVerdict>(`${AUDIT}/verify`)
}
