import type { Ctx } from '../../../kernel/context.js'
import { newId } from '../../../kernel/ids.js'
import { tellInboxes } from '../inbox-topic.js'
import { closeDigestJob } from '../jobs/close-digest.js'
import { enqueueDeliveries } from '../jobs/deliver.js'
import { type DeliveryStatus, insertDeliveries, type NewDelivery } from '../models/delivery.js'
import { type Digest, type DigestSeat, joinDigests } from '../models/digest.js'
import { addItems, type NewInboxItem } from '../models/inbox-item.js'
import type { Message } from '../models/message.js'
import { countThrottles } from '../models/throttle.js'
import type { RecipientProfile } from '../recipient.js'
import {
  type Action,
  type Decision,
  decide,
  type Plan,
  type RecipientFacts,
  type Verdict,
} from '../rules/decide.js'
import { countOutcomes } from './count-outcomes.js'
import { gatherFacts } from './gather-facts.js'
import { renderDelivery } from './render-delivery.js'

/** What one recipient gets. */
interface Decided {
  profile: RecipientProfile
  facts: RecipientFacts
  decision: Decision
}

const STATUS_OF: Record<Action, DeliveryStatus> = {
  send: 'pending',
  delay: 'scheduled',
  digest: 'digested',
  wait: 'waiting',
  skip: 'skipped',
}

/**
 * Decides what these recipients get of a message and keeps it: a delivery for each channel with the reasons, items in
 * the inbox and in digests, jobs for all that goes out. All of it is in the open transaction. Rows that several
 * messages want are taken in one order (throttles, digests, inboxes; by recipient), so that none wait in a circle.
 */
export async function dispatchMessage(
  ctx: Ctx,
  message: Message,
  plan: Plan,
  profiles: readonly RecipientProfile[],
): Promise<void> {
  if (profiles.length === 0) return
  const { overrides } = message.request
  const gathered = await gatherFacts(ctx, plan, profiles, { overrides, throttles: 'count' })
  const decided = profiles.map((profile) => {
    const facts = gathered.factsOf(profile)
    return { profile, facts, decision: decide(plan, facts, gathered.around) }
  })
  const digests = await seatInDigests(ctx, plan, decided)
  const deliveries = decided.flatMap((one) => draftsOf(message, plan, one, digests))
  await putIntoInboxes(ctx, message, decided, deliveries)
  await enqueueDeliveries(ctx, deliveries, plan.category.critical)
  await insertDeliveries(ctx, deliveries)
  countOutcomes(ctx, deliveries)
  const counted = decided.filter(({ decision }) => decision.counts).map(({ profile }) => profile.id)
  if (plan.throttles.length > 0 && counted.length > 0) await countThrottles(ctx, counted, plan.throttles)
}

type Seats = ReadonlyMap<string, Digest>

/** The digest that each verdict joins. One that this opens gets its job. */
async function seatInDigests(ctx: Ctx, plan: Plan, decided: readonly Decided[]): Promise<Seats> {
  const seats = decided.flatMap(({ profile, decision }) =>
    decision.verdicts.flatMap(({ channel, action, at }): DigestSeat[] => {
      if (action !== 'digest' || !at || !plan.digest) return []
      const who = { recipientKind: profile.kind, recipientId: profile.id }
      return [{ ...who, channel, digestKey: plan.digest.key, category: plan.category.key, closesAt: at }]
    }),
  )
  if (seats.length === 0) return new Map()
  const digests = await joinDigests(ctx, seats)
  for (const { id, isNew, closesAt } of digests) {
    if (isNew) await ctx.enqueue(closeDigestJob, { digestId: id }, { runAt: closesAt })
  }
  return new Map(digests.map((digest) => [seatName(digest.recipientId, digest.channel), digest]))
}

function seatName(recipientId: string, channel: string): string {
  return `${recipientId} ${channel}`
}

function draftsOf(
  { id: messageId, templateKey }: Message,
  { category, isChain }: Plan,
  { profile, decision }: Decided,
  digests: Seats,
): NewDelivery[] {
  return decision.verdicts.map(({ channel, action, at, rules }: Verdict, step) => ({
    id: newId(),
    ...{ messageId, channel, rules, category: category.key, templateKey },
    recipientKind: profile.kind,
    recipientId: profile.id,
    status: STATUS_OF[action],
    step: isChain ? step : null,
    rule: rules.at(-1) ?? 'default_on',
    runAt: at,
    jobId: null,
    digestId: action === 'digest' ? (digests.get(seatName(profile.id, channel))?.id ?? null) : null,
  }))
}

/** What is to be read here needs no job: it is there when the transaction commits. */
async function putIntoInboxes(
  ctx: Ctx,
  message: Message,
  decided: readonly Decided[],
  deliveries: readonly NewDelivery[],
): Promise<void> {
  const readers = new Map(decided.map((one) => [one.profile.id, one]))
  const items: NewInboxItem[] = []
  for (const delivery of deliveries) {
    const reader = readers.get(delivery.recipientId)
    if (delivery.channel !== 'in_app' || delivery.status !== 'pending' || !reader) continue
    const rendering = await renderDelivery(ctx, message, reader, 'in_app')
    delivery.settledAt = ctx.now()
    if ('problem' in rendering || rendering.content.channel !== 'in_app') {
      const [code, problem] = 'problem' in rendering ? [rendering.code, rendering.problem] : [null, null]
      Object.assign(delivery, { status: 'failed', errorCode: code, error: problem })
      sendNextNow(delivery, deliveries)
      continue
    }
    const { templateVersion, locale, content } = rendering
    Object.assign(delivery, { status: 'delivered', templateVersion, locale })
    const { title, body, actionUrl } = content
    const { messageId, category } = delivery
    items.push({
      recipient: reader.profile,
      messageId,
      deliveryId: delivery.id,
      category,
      title,
      body,
      actionUrl,
    })
  }
  await addItems(ctx, items)
  if (items.length > 0)
    tellInboxes(
      ctx,
      items.map(({ recipient }) => recipient.id),
    )
}

/** A chain whose first step failed goes on at once. */
function sendNextNow(failed: NewDelivery, deliveries: readonly NewDelivery[]): void {
  const next = deliveries.find(
    ({ recipientId, step, status }) =>
      recipientId === failed.recipientId && status === 'waiting' && (step ?? 0) > (failed.step ?? 0),
  )
  if (next) Object.assign(next, { status: 'pending', rule: 'fallback_failed', runAt: null })
}
