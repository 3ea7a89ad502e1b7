import type { Ctx } from '../../../kernel/context.js'
import type { Delivery } from '../models/delivery.js'
import type { Message } from '../models/message.js'
import type { RecipientProfile } from '../recipient.js'
import { sendWebhook } from '../webhooks/operations/send-webhook.js'

/** Data above this is left out: a receiver finds the message by its id. */
const DATA_MAX_BYTES = 16_384

/**
 * Tells the tenant's own systems of a message to one recipient, so that they can bring it on ways of their own. Its
 * type is `app.notifications.<template>`, with `_` for `-`, so that an endpoint can subscribe to some templates; sent
 * once a delivery. Needs an open transaction.
 */
export async function tellWebhooks(
  ctx: Ctx,
  { delivery, message, profile }: { delivery: Delivery; message: Message; profile: RecipientProfile },
): Promise<void> {
  const { id: deliveryId, messageId, category, templateKey } = delivery
  const { kind, id, externalId } = profile
  const data = message.request.content ?? message.request.data
  const fits = Buffer.byteLength(JSON.stringify(data)) <= DATA_MAX_BYTES
  await sendWebhook(ctx, {
    type: `app.notifications.${templateKey.replaceAll('-', '_')}`,
    source: 'notification',
    originId: deliveryId,
    data: {
      ...{ deliveryId, messageId, category, template: templateKey },
      recipient: { kind, id, externalId },
      data: fits ? data : null,
    },
  })
}
