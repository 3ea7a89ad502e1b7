import type { Ctx } from '../../../kernel/context.js'
import type { MailTemplateName, MailVariables } from '../../../outbound/mail-templates.js'
import { sendTemplate } from '../mails.js'
import { listMembers } from '../models/membership.js'
import { findTenantRow } from '../models/tenant.js'

const ADMINS_MAX = 50

/**
 * Writes to the active administrators of a tenant, from a template that names it. Throws what may succeed later, so
 * that an event handler is run again; a tenant that is gone is passed over.
 */
export async function mailAdmins<N extends MailTemplateName>(
  ctx: Ctx,
  tenantId: string,
  template: N,
  variables: Omit<MailVariables<N>, 'tenant'>,
): Promise<void> {
  const tenant = await findTenantRow(ctx.db, tenantId)
  if (!tenant) return
  const admins = await listMembers(
    ctx.db,
    tenantId,
    { role: 'org_admin' },
    { after: null, limit: ADMINS_MAX },
  )
  const filled = { ...variables, tenant: tenant.name } as unknown as MailVariables<N>
  for (const { email, userStatus } of admins) {
    if (userStatus === 'active') await sendTemplate(ctx, email, template, filled)
  }
}
