import type { Ctx } from '../../../kernel/context.js'
import { type JobHandle, RunLater } from '../../../kernel/job-handle.js'
import type { Channel, SendOutcome } from '../channel.js'
import { tellInboxes } from '../inbox-topic.js'
import { addItems } from '../models/inbox-item.js'
import { ADDRESSED, type AddressedChannel } from '../rules/addresses.js'
import { takeTurn } from '../senders/take-turn.js'
import type { Reschedule } from './advance-chain.js'
import { type Begun, beginDelivery } from './begin-delivery.js'
import { concludeDelivery, keepSuccess } from './conclude-delivery.js'
import { handOver } from './hand-over.js'
import { type Rendering, renderDelivery } from './render-delivery.js'
import type { RenderedMessage } from './render-message.js'
import { tellWebhooks } from './tell-webhooks.js'
import { unsubscribeUrl } from './unsubscribe.js'

/**
 * Tries one delivery once. The attempt is on record before anything leaves, and what came of it is kept together with
 * the end of the job. A process that dies between a provider's yes and that record makes the provider be asked again:
 * with the same delivery id, so that one which knows it does not send twice.
 */
export async function deliver(
  ctx: Ctx,
  { deliveryId, channel }: { deliveryId: string; channel: Channel },
  job: JobHandle,
  reschedule: Reschedule,
): Promise<void> {
  if (isAddressed(channel)) {
    const waitMs = await takeTurn(ctx.resources, channel)
    if (waitMs > 0) throw new RunLater('the channel is at its rate', waitMs, true)
  }
  const begun = await ctx.transaction(() => beginDelivery(ctx, { deliveryId, jobId: job.id }, reschedule))
  if (begun === null) return
  if (begun instanceof Date) throw new RunLater('quiet hours', begun.getTime() - ctx.now().getTime(), true)

  if (channel === 'webhook') {
    await job.finish(() => keepHere(ctx, begun, null))
    return
  }
  const link = linkFor(ctx, begun)
  const reader = { ...begun, unsubscribeUrl: link }
  const rendering = await ctx.transaction(() => renderDelivery(ctx, begun.message, reader, channel))
  if ('problem' in rendering) {
    const conclusion = { outcome: wordless(rendering), detail: NOWHERE }
    await concludeDelivery(ctx, begun, conclusion, job, reschedule)
  } else if (isAddressed(channel)) {
    const { message, profile } = begun
    const parcel = { deliveryId, channel, message, profile, content: rendering.content, unsubscribeUrl: link }
    const { outcome, address } = await handOver(ctx, parcel, job.signal)
    const detail = { ...wordsOf(rendering), address }
    await concludeDelivery(ctx, begun, { outcome, detail }, job, reschedule)
  } else {
    await job.finish(() => keepHere(ctx, begun, rendering))
  }
}

/** Where the recipient ends messages like this; null where they cannot be ended. */
function linkFor(ctx: Ctx, { plan, profile, message }: Begun): string | null {
  if (plan.category.critical) return null
  const { category } = message
  return unsubscribeUrl(ctx.resources, { tenantId: ctx.tenant.id, recipient: profile.id, category })
}

/** Puts it where it stays within this installation: into the inbox, or to the tenant's webhooks. */
async function keepHere(ctx: Ctx, begun: Begun, rendering: RenderedMessage | null): Promise<void> {
  const { delivery, message, profile } = begun
  if (rendering?.content.channel === 'in_app') {
    const { title, body, actionUrl } = rendering.content
    const { id: deliveryId, messageId, category } = delivery
    await addItems(ctx, [{ recipient: profile, messageId, deliveryId, category, title, body, actionUrl }])
    tellInboxes(ctx, [profile.id])
  } else await tellWebhooks(ctx, { delivery, message, profile })
  await keepSuccess(ctx, begun, HERE, rendering ? { ...wordsOf(rendering), address: null } : NOWHERE)
}

const HERE = { status: 'sent', provider: 'vetrai', providerMessageId: null, cost: null } as const
const NOWHERE = { address: null }

function wordsOf({ templateVersion, locale }: RenderedMessage) {
  return { templateVersion, locale }
}

function wordless({ code, problem }: Extract<Rendering, { problem: string }>): SendOutcome {
  return { status: 'failed', provider: 'none', code, message: problem, isRetryable: false }
}

function isAddressed(channel: Channel): channel is AddressedChannel {
  return (ADDRESSED as readonly Channel[]).includes(channel)
}
