import type { Ctx } from '../../../kernel/context.js'
import { newId } from '../../../kernel/ids.js'
import { pipelineErrors } from '../errors/pipeline.js'
import { fanOutJob } from '../jobs/fan-out.js'
import {
  findByTransactions,
  insertMessages,
  type Message,
  type MessageRequest,
  type NewMessage,
} from '../models/message.js'
import { categoryOf, INLINE_TEMPLATE, profileOf } from './plan-message.js'

/** A message that somebody wants sent. */
export interface MessageDraft {
  /** Left out: the message brings its own words. */
  templateKey?: string | undefined
  /** The template's where left out. */
  category?: string | undefined
  request: MessageRequest
  transactionId?: string | undefined
  sendAt?: Date | undefined
  delayS?: number | undefined
}

/** What became of a draft. */
export interface Accepted {
  message: Pick<Message, 'id' | 'status' | 'transactionId' | 'sendAt'>
  /** Its transaction id was used before: this is that message. */
  isDuplicate: boolean
}

const YEAR_MS = 366 * 86_400_000
/** Runs before what can wait. */
const CRITICAL_PRIORITY = 20

/**
 * Accepts messages: from the commit on each will be sent, whatever dies. Keeps a row and a job for each and does
 * nothing else; who it is for and what they get is found out by the job. A transaction id that was used before, also in
 * this list, answers the message it was used for.
 */
export async function acceptMessages(ctx: Ctx, drafts: readonly MessageDraft[]): Promise<Accepted[]> {
  const ready: Ready[] = []
  for (const draft of drafts) ready.push(await prepare(ctx, draft))
  const first = new Map<string, Ready>()
  for (const one of ready) if (!first.has(nameOf(one))) first.set(nameOf(one), one)
  const known = await knownTransactions(ctx, ready)
  const fresh = [...first.values()].filter((one) => !known.has(nameOf(one)))
  await enqueueFanOut(ctx, fresh)
  const stored = await insertMessages(
    ctx,
    fresh.map(({ message }) => message),
  )
  // Where somebody else was first meanwhile, their message counts, and the job made for ours finds none.
  const late = fresh.filter(({ message }) => !stored.has(message.id))
  for (const [name, message] of await knownTransactions(ctx, late)) known.set(name, message)
  return ready.map((one) => {
    const message = known.get(nameOf(one)) ?? first.get(nameOf(one))?.message ?? one.message
    return { message: { status: 'accepted', ...message }, isDuplicate: message.id !== one.message.id }
  })
}

/** A message that may be stored. */
interface Ready {
  message: NewMessage
  isCritical: boolean
}

/** Reads nothing but what is at hand in the process. */
async function prepare(ctx: Ctx, draft: MessageDraft): Promise<Ready> {
  const templateKey = draft.templateKey ?? INLINE_TEMPLATE
  const profile = await profileOf(ctx, templateKey)
  const category = await categoryOf(ctx, draft.category ?? profile.category)
  const now = ctx.now().getTime()
  const sendAt = draft.sendAt ?? (draft.delayS === undefined ? null : new Date(now + draft.delayS * 1000))
  if (sendAt && sendAt.getTime() > now + YEAR_MS) throw new pipelineErrors.TooFarAhead()
  return {
    isCritical: category.critical || profile.critical,
    message: {
      ...{ id: newId(), kind: 'message', templateKey, sendAt, request: draft.request, jobId: null },
      category: category.key,
      transactionId: draft.transactionId ?? null,
    },
  }
}

/** What a message is the same as another by. */
function nameOf({ message }: Ready): string {
  return message.transactionId ?? message.id
}

async function knownTransactions(ctx: Ctx, ready: readonly Ready[]): Promise<Map<string, Message>> {
  const ids = ready.flatMap(({ message }) => message.transactionId ?? [])
  if (ids.length === 0) return new Map()
  const found = await findByTransactions(ctx, ids)
  return new Map(found.map((message) => [message.transactionId ?? '', message]))
}

/** One statement for all that begin at the same time, in most cases now. */
async function enqueueFanOut(ctx: Ctx, ready: readonly Ready[]): Promise<void> {
  const groups = new Map<string, Ready[]>()
  for (const one of ready) {
    const name = `${one.message.sendAt?.getTime() ?? 'now'} ${one.isCritical}`
    groups.set(name, [...(groups.get(name) ?? []), one])
  }
  for (const group of groups.values()) {
    const [first] = group
    const payloads = group.map(({ message }) => ({ messageId: message.id }))
    const jobs = await ctx.enqueueMany(fanOutJob, payloads, {
      ...(first?.message.sendAt ? { runAt: first.message.sendAt } : {}),
      ...(first?.isCritical ? { priority: CRITICAL_PRIORITY } : {}),
    })
    for (const [i, { message }] of group.entries()) message.jobId = jobs[i]?.id ?? null
  }
}
