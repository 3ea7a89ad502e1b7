import type { Ctx } from '../../../kernel/context.js'
import type { StoredEvent } from '../../../kernel/events.js'
import { sendMessage } from '../../../messages/send-message.js'
import { listMembers } from '../models/membership.js'
import { findPerson } from '../models/person.js'
import { findTenantRow } from '../models/tenant.js'

const ADMINS_MAX = 50

/**
 * Tells the administrators of a tenant that it is being deleted and until when that can be taken back. One that was
 * purged or resumed meanwhile is passed over.
 */
export async function mailDeletion(ctx: Ctx, event: StoredEvent<'tenancy.tenant.deleted'>): Promise<void> {
  const { tenantId, purgeAfter, userId } = event.payload
  const tenant = await findTenantRow(ctx.db, tenantId)
  if (tenant?.status !== 'deleting') return
  const actor = userId ? await findPerson(ctx.db, userId) : null
  const admins = await listMembers(
    ctx.db,
    tenantId,
    { role: 'org_admin' },
    { after: null, limit: ADMINS_MAX },
  )
  for (const { email, userStatus } of admins) {
    if (userStatus !== 'active') continue
    await sendMessage(ctx, email, 'tenant-deleted', {
      tenant: tenant.name,
      actor: actor?.name ?? actor?.email ?? null,
      when: event.occurredAt,
      purge_on: purgeAfter,
    })
  }
}
