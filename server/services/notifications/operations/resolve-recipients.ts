import type { Ctx } from '../../../kernel/context.js'
import { newId } from '../../../kernel/ids.js'
import { findMembers, membersWithRole } from '../models/member.js'
import type { Addressee, Progress, Unresolved } from '../models/message.js'
import {
  findByExternalIds,
  type NamedSubscriber,
  profileOfSubscriber,
  type Subscriber,
  upsertSubscribers,
} from '../models/subscriber.js'
import { subscribersOfTopic, topicIdOf } from '../models/topic.js'
import type { RecipientProfile } from '../recipient.js'

/** Recipients decided in one transaction. */
export const BATCH = 200

/** Some of those a message is for. */
export interface RecipientBatch {
  profiles: RecipientProfile[]
  unresolved: Unresolved[]
  /** Where the rest begins; null: there is none. */
  next: Progress | null
}

/**
 * The next recipients of a message, each once in a batch: first those named one by one, then topics and roles in their
 * order. Subscribers that the message tells of are made or changed.
 */
export async function resolveRecipients(
  ctx: Ctx,
  to: readonly Addressee[],
  progress: Progress | null,
): Promise<RecipientBatch> {
  const found = new Map<string, RecipientProfile>()
  const unresolved: Unresolved[] = []
  if (!progress) {
    const named = await resolveNamed(ctx, to, subscribersFor)
    for (const profile of named.profiles) found.set(profile.id, profile)
    unresolved.push(...named.unresolved)
  }
  const groups = to.filter(isGroup)
  let { entry, after } = progress ?? { entry: 0, after: null }
  while (entry < groups.length && found.size < BATCH) {
    const limit = BATCH - found.size
    const members = await membersOf(ctx, groups[entry], { after, limit }, unresolved)
    for (const profile of members) found.set(profile.id, profile)
    const isOver = members.length < limit
    after = isOver ? null : (members.at(-1)?.id ?? null)
    if (isOver) entry += 1
  }
  return { profiles: [...found.values()], unresolved, next: entry < groups.length ? { entry, after } : null }
}

/**
 * Those that are named one by one, as they would be after the message; changes nothing. `strangers` are the ids made
 * up for subscribers that are not known yet.
 */
export async function previewRecipients(ctx: Ctx, to: readonly Addressee[]) {
  const strangers = new Set<string>()
  const imagine = (_ctx: Ctx, named: readonly NamedSubscriber[]) => imagineSubscribers(ctx, named, strangers)
  return { ...(await resolveNamed(ctx, to, imagine)), strangers }
}

type Group = Extract<Addressee, { topic: string } | { role: string }>

function isGroup(addressee: Addressee): addressee is Group {
  return 'topic' in addressee || 'role' in addressee
}

async function membersOf(
  ctx: Ctx,
  group: Group | undefined,
  window: { after: string | null; limit: number },
  unresolved: Unresolved[],
): Promise<RecipientProfile[]> {
  if (!group) return []
  if ('role' in group) return membersWithRole(ctx, group.role, window)
  const topicId = await topicIdOf(ctx, group.topic)
  if (topicId === null) {
    unresolved.push({ what: 'topic', name: group.topic })
    return []
  }
  return (await subscribersOfTopic(ctx, topicId, window)).map(profileOfSubscriber)
}

async function resolveNamed(
  ctx: Ctx,
  to: readonly Addressee[],
  subscribers: (ctx: Ctx, named: readonly NamedSubscriber[]) => Promise<Subscriber[]>,
): Promise<Omit<RecipientBatch, 'next'>> {
  const userIds = to.flatMap((one) => ('userId' in one ? [one.userId] : []))
  const named = mergeByName(to.flatMap((one) => ('subscriber' in one ? [one.subscriber] : [])))
  const members = userIds.length > 0 ? await findMembers(ctx, userIds) : []
  const known = new Set(members.map((member) => member.id))
  const strangers = [...new Set(userIds)].filter((userId) => !known.has(userId))
  return {
    profiles: [...members, ...(await subscribers(ctx, named)).map(profileOfSubscriber)],
    unresolved: strangers.map((name) => ({ what: 'user', name })),
  }
}

/** Subscribers of these names; made where there are none, changed where the message tells something of them. */
async function subscribersFor(ctx: Ctx, named: readonly NamedSubscriber[]): Promise<Subscriber[]> {
  if (named.length === 0) return []
  const existing = await findByExternalIds(
    ctx,
    named.map(({ externalId }) => externalId),
  )
  const known = new Map(existing.map((subscriber) => [subscriber.externalId, subscriber]))
  const news = named.filter((one) => !known.has(one.externalId) || Object.keys(one).length > 1)
  if (news.length === 0) return existing
  for (const subscriber of await upsertSubscribers(ctx, news)) known.set(subscriber.externalId, subscriber)
  return [...known.values()]
}

async function imagineSubscribers(
  ctx: Ctx,
  named: readonly NamedSubscriber[],
  strangers: Set<string>,
): Promise<Subscriber[]> {
  if (named.length === 0) return []
  const existing = await findByExternalIds(
    ctx,
    named.map(({ externalId }) => externalId),
  )
  const now = ctx.now()
  return named.map((one) => {
    const known = existing.find(({ externalId }) => externalId === one.externalId)
    const id = known?.id ?? newId()
    if (!known) strangers.add(id)
    return { ...NOBODY, id, createdAt: now, updatedAt: now, ...known, ...one }
  })
}

const NOBODY = { name: null, email: null, phone: null, locale: null, timeZone: null, data: {} }

function mergeByName(named: readonly NamedSubscriber[]): NamedSubscriber[] {
  const merged = new Map<string, NamedSubscriber>()
  for (const one of named) merged.set(one.externalId, { ...merged.get(one.externalId), ...one })
  return [...merged.values()]
}
