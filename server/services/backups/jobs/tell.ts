import { z } from 'zod'
import { defineJob } from '../../../kernel/define-job.js'
import { sendMessage } from '../../../messages/send-message.js'
import { RUN_KINDS } from '../models/backup-run.js'
import { backupSettings } from '../operations/backup-settings.js'

const payload = z.strictObject({
  message: z.enum(['failed', 'missed', 'recovered']),
  kind: z.enum(RUN_KINDS),
  at: z.iso.datetime(),
  reason: z.string().max(2_000).optional(),
  next: z.string().max(2_000).optional(),
  last_good_at: z.iso.datetime().nullable().optional(),
})

/** Writes to the operator about backups; a mail server that is away is tried again for a day. */
export const tell = defineJob({
  name: 'backups.tell',
  payload,
  attempts: 30,
  timeoutMs: 60_000,
  safeToRepeat: 'a mail may come twice, which is better than not at all',
  run: async (ctx, { message, kind, at, last_good_at: lastGood = null, ...words }) => {
    // That they cannot be read may be the very thing to tell of.
    const settings = await backupSettings(ctx.config).catch(() => undefined)
    const to = settings?.notify ?? ctx.config.OPERATOR_EMAIL
    if (to === undefined) return { sent: false }
    const [reason, next] = [oneLine(words.reason), oneLine(words.next)]
    if (message === 'recovered') await sendMessage(ctx, to, 'backup-works-again', { kind, when: at })
    if (message === 'failed')
      await sendMessage(ctx, to, 'backup-failed', {
        kind,
        when: at,
        reason: reason ?? '–',
        next,
        last_good_at: lastGood,
      })
    if (message === 'missed')
      await sendMessage(ctx, to, 'backup-missing', { since: at, next, last_good_at: lastGood })
    return { sent: true }
  },
})

/** Messages show words of the server on one line. */
function oneLine(text: string | undefined): string | null {
  return text?.replaceAll(/\s+/g, ' ').trim().slice(0, 1_000) || null
}
