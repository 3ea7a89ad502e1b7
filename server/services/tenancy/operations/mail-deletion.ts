import type { Ctx } from '../../../kernel/context.js'
import type { StoredEvent } from '../../../kernel/events.js'
import { mailTime } from '../mails.js'
import { findPerson } from '../models/person.js'
import { findTenantRow } from '../models/tenant.js'
import { mailAdmins } from './mail-admins.js'

/**
 * Tells the administrators of a tenant that it is being deleted and until when that can be taken back. One that was
 * purged or resumed meanwhile is passed over.
 */
export async function mailDeletion(ctx: Ctx, event: StoredEvent<'tenancy.tenant.deleted'>): Promise<void> {
  const { tenantId, purgeAfter, userId } = event.payload
  const tenant = await findTenantRow(ctx.db, tenantId)
  if (tenant?.status !== 'deleting') return
  const actor = userId ? await findPerson(ctx.db, userId) : null
  await mailAdmins(ctx, tenantId, 'tenant-deleted', {
    actor: actor?.name ?? actor?.email ?? 'an operator',
    when: mailTime(event.occurredAt),
    purge_on: mailTime(new Date(purgeAfter)),
  })
}
