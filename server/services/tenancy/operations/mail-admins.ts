import type { Ctx } from '../../../kernel/context.js'
import type { MessageData, MessageKey } from '../../../messages/catalogue/messages.js'
import { sendMessage } from '../../../messages/send-message.js'
import { listMembers } from '../models/membership.js'

const ADMINS_MAX = 50

/**
 * Writes to the active administrators of a tenant. Throws what may succeed later, so that an event handler is run
 * again; a tenant that is gone has none.
 */
export async function mailAdmins<K extends MessageKey>(
  ctx: Ctx,
  tenantId: string,
  key: K,
  data: MessageData<K>,
): Promise<void> {
  const admins = await listMembers(
    ctx.db,
    tenantId,
    { role: 'org_admin' },
    { after: null, limit: ADMINS_MAX },
  )
  for (const { email, userStatus } of admins) {
    if (userStatus === 'active') await sendMessage(ctx, email, key, data)
  }
}
