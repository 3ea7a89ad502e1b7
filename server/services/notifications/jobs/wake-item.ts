import { z } from 'zod'
import { defineJob } from '../../../kernel/define-job.js'
import { id, timestamp } from '../../../kernel/schema.js'
import { wakeItem } from '../operations/wake-item.js'

/** Brings a snoozed item back. */
export const wakeItemJob = defineJob({
  name: 'notifications.wake-item',
  payload: z.strictObject({
    recipient: z.strictObject({ kind: z.enum(['member', 'subscriber']), id: id('recipient') }),
    itemId: id('item'),
    until: timestamp,
  }),
  attempts: 10,
  timeoutMs: 10_000,
  transaction: 'auto',
  safeToRepeat: 'wakes only an item that is snoozed until this very time',
  run: (ctx, { recipient, itemId, until }) => wakeItem(ctx, recipient, itemId, new Date(until)),
})
