import type { z } from 'zod'
import type { InboxItem } from '../models/inbox-item.js'
import type { PushSubscription } from '../models/push-subscription.js'
import type { itemView, pushSubscriptionView } from '../schemas/inbox.js'

/** An item as its reader sees it. */
export function presentItem(item: InboxItem): z.input<typeof itemView> {
  return {
    id: item.id,
    message_id: item.messageId,
    category: item.category,
    title: item.title,
    body: item.body,
    action_url: item.actionUrl,
    is_seen: item.seenAt !== null,
    is_read: item.readAt !== null,
    is_archived: item.archivedAt !== null,
    snoozed_until: item.snoozedUntil?.toISOString() ?? null,
    sequence: item.sequence,
    created_at: item.createdAt.toISOString(),
  }
}

/** A browser as its owner sees it: whoever knows its endpoint could push to it, so only the host leaves. */
export function presentPushSubscription(
  subscription: PushSubscription,
): z.input<typeof pushSubscriptionView> {
  return {
    id: subscription.id,
    endpoint_host: new URL(subscription.endpoint).host,
    user_agent: subscription.userAgent,
    created_at: subscription.createdAt.toISOString(),
  }
}
