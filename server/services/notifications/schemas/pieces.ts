import { z } from 'zod'
import { shortText } from '../../../kernel/schema.js'
import { CHANNELS } from '../channel.js'
import { normalPhone } from '../rules/addresses.js'
import type { Throttle } from '../rules/categories.js'
import { cronProblem } from '../rules/digest-end.js'
import { RULE_NAMES } from '../rules/rule.js'
import { canonicalZone } from '../rules/wall-clock.js'

export const channel = z.enum(CHANNELS).meta({ examples: ['email'] })

/** Channels that reach people, and that they switch on and off. */
const PERSONAL = ['in_app', 'email', 'sms', 'push'] as const

const isOn = z.boolean().optional()
export const personalSwitches = z.strictObject(
  Object.fromEntries(PERSONAL.map((name) => [name, isOn])) as Record<(typeof PERSONAL)[number], typeof isOn>,
)
export const switches = z.strictObject({ ...personalSwitches.shape, webhook: isOn })

export const categoryKey = z
  .string()
  .min(2)
  .max(48)
  .regex(/^[a-z][a-z0-9-]*$/, 'a lower-case letter, then lower-case letters, digits and hyphens')
  .meta({ description: 'Key of a category.', examples: ['product'] })

export const templateKey = z
  .string()
  .min(2)
  .max(64)
  .regex(/^[a-z][a-z0-9-]*$/, 'a lower-case letter, then lower-case letters, digits and hyphens')
  .meta({ description: 'Key of a template.', examples: ['announcement'] })

export const externalId = shortText({ max: 128 }).meta({
  description: "The organisation's own id of the subscriber.",
  examples: ['customer-42'],
})

export const topicKey = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[a-zA-Z0-9][a-zA-Z0-9._:-]*$/, 'letters, digits and . _ : -')
  .meta({ description: 'Key of a topic.', examples: ['release-notes'] })

export const phone = z
  .string()
  .max(32)
  .transform((text, check) => normalPhone(text) ?? refused(check, 'must be an international number, +49…'))
  .meta({ description: 'Phone number with country code (E.164).', examples: ['+4915123456789'] })

export const locale = z
  .string()
  .max(35)
  .transform((text, check) => canonicalLocale(text) ?? refused(check, 'must be a BCP 47 tag'))
  .meta({ description: 'Language of messages, as a BCP 47 tag.', examples: ['de-CH'] })

export const timeZone = z
  .string()
  .max(64)
  .transform((text, check) => canonicalZone(text) ?? refused(check, 'must be an IANA time zone'))
  .meta({ description: 'IANA time zone.', examples: ['Europe/Berlin'] })

/** An address that a click opens. */
export const webAddress = z
  .url({ protocol: /^https?$/ })
  .max(2_048)
  .meta({ description: 'An http(s) address.', examples: ['https://app.example.com/orders/42'] })

/** Words on several lines. */
export function longText({ max }: { max: number }) {
  return z
    .string()
    .trim()
    .min(1)
    .max(max)
    .regex(/^(?:[^\p{Cc}\p{Cs}]|[\n\r\t])*$/u, 'must not contain control characters')
}

const PERIOD_MAX_S = 31 * 86_400

export const throttle = z
  .strictObject({
    limit: z.int().min(1).max(10_000).describe('Messages that reach a recipient in each period at most.'),
    window_s: z
      .int()
      .min(1)
      .max(PERIOD_MAX_S)
      .describe('Length of a period, which begins with its first message.'),
  })
  .meta({ id: 'NotificationThrottle' })

export const digest = z
  .strictObject({
    key: shortText({ max: 100 })
      .optional()
      .describe('What is collected together; all of the category or template where left out.'),
    window_s: z
      .int()
      .min(10)
      .max(PERIOD_MAX_S)
      .optional()
      .describe('Collects so long from the first message.'),
    cron: z
      .string()
      .max(100)
      .superRefine((pattern, check) => {
        const problem = cronProblem(pattern)
        if (problem) check.addIssue({ code: 'custom', message: problem.slice(0, 200) })
      })
      .optional()
      .describe('Collects until the next time of this pattern (five fields).'),
    time_zone: timeZone.optional().describe("Of the pattern; the recipient's where left out."),
    channels: z
      .array(channel)
      .min(1)
      .max(5)
      .default(['email'])
      .describe('Channels that collect; others send.'),
  })
  .refine(({ window_s, cron }) => (window_s === undefined) !== (cron === undefined), {
    path: ['window_s'],
    message: 'give either `window_s` or `cron`',
  })
  .meta({ id: 'NotificationDigest', examples: [{ window_s: 3600, channels: ['email'] }] })

export const rule = z.enum(RULE_NAMES)

/** One rule that had a say, in words. */
export const reasonView = z.strictObject({ rule, words: z.string() })

/** A throttle as the rules hold it. */
export function throttleFrom({ limit, window_s }: z.output<typeof throttle>): Throttle {
  return { limit, windowS: window_s }
}

/** A digest as the rules hold it. */
export function digestFrom({ key, window_s, cron, time_zone, channels }: z.output<typeof digest>) {
  return {
    channels,
    ...(key === undefined ? {} : { key }),
    ...(window_s === undefined ? {} : { windowS: window_s }),
    ...(cron === undefined ? {} : { cron }),
    ...(time_zone === undefined ? {} : { timeZone: time_zone }),
  }
}

function canonicalLocale(text: string): string | null {
  try {
    return Intl.getCanonicalLocales(text)[0] ?? null
  } catch {
    return null
  }
}

function refused(check: z.core.$RefinementCtx, message: string): never {
  check.addIssue({ code: 'custom', message })
  return z.NEVER
}
