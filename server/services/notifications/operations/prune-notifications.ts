import type { Ctx } from '../../../kernel/context.js'
import { removeOld } from '../models/old-rows.js'

const DAY_MS = 86_400_000

/** Removes messages with their deliveries, digests, throttles and inbox items that are past their time. */
export async function pruneNotifications(ctx: Ctx, signal: AbortSignal): Promise<void> {
  const now = ctx.now().getTime()
  const { NOTIFICATIONS_RETENTION_DAYS: messageDays, INBOX_RETENTION_DAYS: inboxDays } = ctx.config
  const before = (days: number) => new Date(now - days * DAY_MS)
  const tables = [
    ['notification_messages', before(messageDays)],
    ['notification_digests', before(messageDays)],
    ['notification_throttles', before(0)],
    ['notification_inbox_items', before(inboxDays)],
  ] as const
  for (const [table, limit] of tables) {
    const step = () => ctx.system('old rows of all tenants', () => removeOld(ctx, table, limit))
    while (!signal.aborted && (await step()));
  }
}
