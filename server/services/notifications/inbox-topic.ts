import type { Ctx } from '../../kernel/context.js'

/** Topic on which every process hears whose inbox changed. */
export const INBOX_TOPIC = 'notifications:inbox'

/** Tells streams of these inboxes to look, from the moment the open transaction commits. */
export function tellInboxes(ctx: Ctx, recipientIds: readonly string[]): void {
  const { id } = ctx.tenant
  ctx.afterCommit(() => {
    for (const recipientId of recipientIds) ctx.bus.publish(INBOX_TOPIC, inboxName(id, recipientId))
  })
}

/** What the topic calls an inbox. */
export function inboxName(tenantId: string, recipientId: string): string {
  return `${tenantId}/${recipientId}`
}
