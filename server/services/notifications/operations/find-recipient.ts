import type { Ctx } from '../../../kernel/context.js'
import { findMembers } from '../models/member.js'
import { findSubscriber, profileOfSubscriber } from '../models/subscriber.js'
import type { Recipient, RecipientProfile } from '../recipient.js'

/** What is known of a recipient now; null where there is none any more. */
export async function findRecipient(ctx: Ctx, { kind, id }: Recipient): Promise<RecipientProfile | null> {
  if (kind === 'member') return (await findMembers(ctx, [id]))[0] ?? null
  const subscriber = await findSubscriber(ctx, id)
  return subscriber && profileOfSubscriber(subscriber)
}
