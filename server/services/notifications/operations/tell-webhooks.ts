import type { Ctx } from '../../../kernel/context.js'
import type { Delivery } from '../models/delivery.js'
import type { Message } from '../models/message.js'
import type { RecipientProfile } from '../recipient.js'

/** Tells the tenant's own systems of a message to one recipient, so that they can bring it on ways of their own. */
export async function tellWebhooks(
  _ctx: Ctx,
  _about: { delivery: Delivery; message: Message; profile: RecipientProfile },
): Promise<void> {}
