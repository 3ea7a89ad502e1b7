import { z } from 'zod'
import type { Ctx } from '../../../kernel/context.js'
import { defineJob } from '../../../kernel/define-job.js'
import { newId } from '../../../kernel/ids.js'
import { id } from '../../../kernel/schema.js'
import { insertDeliveries, type NewDelivery } from '../models/delivery.js'
import { closeDigest, countItems } from '../models/digest.js'
import { insertMessages, storeProgress } from '../models/message.js'
import { enqueueDeliveries } from './deliver.js'

/** The template that digests are written from. */
export const DIGEST_TEMPLATE = 'digest'

/** Closes a digest and sends it. */
export const closeDigestJob = defineJob({
  name: 'notifications.close-digest',
  payload: z.strictObject({ digestId: id('digest') }),
  attempts: 20,
  timeoutMs: 30_000,
  transaction: 'auto',
  safeToRepeat: 'a digest closes once, in the transaction that stores its message and ends the job',
  run: (ctx, { digestId }) => closeAndSend(ctx, digestId),
})

/**
 * Closes an open digest and stores the message that tells of its items, of the digest's own id, with its delivery.
 * All in one transaction: either the digest is open and collects, or it is closed and on its way.
 */
export async function closeAndSend(ctx: Ctx, digestId: string): Promise<void> {
  const digest = await closeDigest(ctx, digestId)
  if (!digest || (await countItems(ctx, digestId)) === 0) return
  const { recipientKind, recipientId, channel, category } = digest
  const about = { templateKey: DIGEST_TEMPLATE, category }
  await insertMessages(ctx, [
    {
      id: digestId,
      kind: 'digest',
      ...about,
      request: { to: [], data: {} },
      transactionId: null,
      sendAt: null,
      jobId: null,
    },
  ])
  const delivery: NewDelivery = {
    ...{ id: newId(), messageId: digestId, recipientKind, recipientId, channel, ...about },
    ...{
      status: 'pending',
      step: null,
      rule: 'digest',
      rules: ['digest'],
      runAt: null,
      jobId: null,
      digestId: null,
    },
  }
  await enqueueDeliveries(ctx, [delivery], false)
  await insertDeliveries(ctx, [delivery])
  await storeProgress(ctx, digestId, { progress: null, recipients: 1, unresolved: [], at: ctx.now() })
}
