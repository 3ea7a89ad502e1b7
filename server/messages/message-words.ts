import { z } from 'zod'
import { shortText } from '../kernel/schema.js'

/** Channels that messages have words for. */
export const WORDED_CHANNELS = ['email', 'in_app', 'sms', 'push'] as const
export type WordedChannel = (typeof WORDED_CHANNELS)[number]

/** A language, perhaps with script and region, as BCP 47 spells it. */
export const localeTag = z
  .string()
  .max(16)
  .regex(
    /^[a-z]{2,3}(?:-[A-Z][a-z]{3})?(?:-(?:[A-Z]{2}|\d{3}))?$/,
    'must be a language tag such as de or pt-BR',
  )
  .meta({ description: 'BCP 47 language tag.', examples: ['de'] })

const lines = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .regex(/^[^\p{Cs}\0]*$/u, 'must not contain null characters or halves of surrogate pairs')

const actionUrl = z
  .string()
  .min(1)
  .max(2048)
  .describe(
    '`{{name}}` of a url variable, or an http(s) address; variables may be parts of its path and query.',
  )

const mailWords = z.strictObject({
  subject: shortText({ max: 200 }),
  preheader: shortText({ max: 200 })
    .optional()
    .describe('What mail programs show of the mail before it is opened.'),
  body: lines(65_536).describe(
    'MJML blocks: mj-text, mj-button, mj-table, mj-image, mj-divider, mj-spacer; or mj-section with mj-column.',
  ),
})
const smsWords = z.strictObject({ text: lines(1000) })
const inAppWords = z.strictObject({
  title: shortText({ max: 200 }),
  body: lines(2000),
  action_url: actionUrl.optional(),
})
const pushWords = z.strictObject({
  title: shortText({ max: 200 }),
  body: lines(500),
  url: actionUrl.optional(),
})

/** What a message says in one locale, by channel, as its author wrote it. */
export const messageWords = z
  .strictObject({
    email: mailWords.optional(),
    in_app: inAppWords.optional(),
    sms: smsWords.optional(),
    push: pushWords.optional(),
  })
  .meta({ id: 'MessageWords' })
export type MessageWords = z.infer<typeof messageWords>

/** The same, ready to be filled in: checked, the body of the mail made into HTML and plain text. */
export interface CompiledWords {
  email?: { subject: string; preheader: string; html: string; text: string }
  in_app?: { title: string; body: string; action_url: string | null }
  sms?: { text: string }
  push?: { title: string; body: string; url: string | null }
}
