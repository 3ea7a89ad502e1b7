import { z } from 'zod'
import { id, shortText } from '../../../kernel/schema.js'
import {
  categoryKey,
  channel,
  digest,
  locale,
  personalSwitches,
  reasonView,
  switches,
  throttle,
  timeZone,
} from './pieces.js'

const CATEGORIES_MAX = 100

const wallTime = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be HH:MM')
  .meta({ examples: ['22:00'] })

const quietHours = z
  .strictObject({ from: wallTime, to: wallTime })
  .refine(({ from, to }) => from !== to, { path: ['to'], message: 'must differ from `from`' })
  .meta({
    description:
      'Daily hours in which nothing interrupts, by the wall clock of the time zone; they may pass midnight.',
    examples: [{ from: '22:00', to: '07:00' }],
  })

function byCategory<S extends z.ZodType>(inner: S) {
  return z
    .record(categoryKey, inner)
    .refine(
      (value) => Object.keys(value).length <= CATEGORIES_MAX,
      `names more than ${CATEGORIES_MAX} categories`,
    )
    .default({})
    .meta({ examples: [{ product: { email: false } }] })
}

const personal = {
  quiet_hours: quietHours.nullable().default(null),
  time_zone: timeZone.nullable().default(null),
  locale: locale.nullable().default(null),
}

export const preferencesBody = z
  .strictObject({
    channels: personalSwitches
      .default({})
      .describe('false switches a channel off, but for critical categories.'),
    categories: byCategory(personalSwitches).describe('Choices for single categories, by channel.'),
    ...personal,
  })
  .meta({ id: 'NotificationPreferencesInput' })
export type PreferencesInput = z.output<typeof preferencesBody>

const chosen = {
  channels: personalSwitches,
  categories: z.record(z.string(), personalSwitches),
  quiet_hours: quietHours.nullable(),
  time_zone: z.string().nullable(),
  locale: z.string().nullable(),
}

export const preferencesView = z
  .strictObject({
    ...chosen,
    effective: z
      .array(
        z.strictObject({
          category: z.string(),
          name: z.string(),
          description: z.string(),
          is_critical: z.boolean(),
          channels: z.array(
            z.strictObject({
              channel,
              is_on: z.boolean(),
              can_change: z.boolean().describe('False where somebody else decides.'),
              reason: reasonView,
            }),
          ),
        }),
      )
      .describe('What follows from these choices and from those of the organisation and the operator.'),
  })
  .meta({ id: 'NotificationPreferences' })

export const defaultsBody = z
  .strictObject({
    channels: switches
      .default({})
      .describe('false switches a channel off for everybody in the organisation.'),
    categories: byCategory(switches).describe('false switches a category off on a channel for everybody.'),
    ...personal,
  })
  .meta({ id: 'NotificationDefaultsInput' })
export type DefaultsInput = z.output<typeof defaultsBody>

export const defaultsView = z
  .strictObject({ ...chosen, channels: switches, categories: z.record(z.string(), switches) })
  .meta({ id: 'NotificationDefaults' })

export const policyBody = z
  .strictObject({
    channels: switches.default({}).describe('false switches a channel off in every organisation.'),
    categories: byCategory(switches).describe(
      'false switches a category off on a channel in every organisation.',
    ),
  })
  .meta({ id: 'NotificationPolicyInput' })
export type PolicyInput = z.output<typeof policyBody>

export const policyView = z
  .strictObject({ channels: switches, categories: z.record(z.string(), switches) })
  .meta({ id: 'NotificationPolicy' })

export const categoryParams = z.strictObject({ category: categoryKey })

export const categoryBody = z
  .strictObject({
    name: shortText({ max: 60 }),
    description: shortText({ max: 200, min: 0 }).default(''),
    critical: z
      .boolean()
      .default(false)
      .describe('Nobody can switch it off, and nothing holds it back: for what a recipient must learn of.'),
    consent: z
      .enum(['opt_out', 'opt_in'])
      .default('opt_out')
      .describe('opt_in: nothing is sent on a channel before the recipient said yes to it.'),
    channels: switches.default({}).describe('For recipients who said nothing; on where left out.'),
    throttle: throttle.nullable().default(null),
    digest: digest.nullable().default(null),
  })
  .meta({ examples: [{ name: 'Comments' }] })
export type CategoryInput = z.output<typeof categoryBody>

export const categoryView = z
  .strictObject({
    key: z.string(),
    name: z.string(),
    description: z.string(),
    critical: z.boolean(),
    consent: z.enum(['opt_out', 'opt_in']),
    channels: switches,
    throttle: throttle.nullable(),
    digest: z
      .strictObject({
        key: z.string().nullable(),
        window_s: z.int().nullable(),
        cron: z.string().nullable(),
        time_zone: z.string().nullable(),
        channels: z.array(channel),
      })
      .nullable(),
    is_built_in: z.boolean().describe('The organisation says nothing of its own about it.'),
  })
  .meta({ id: 'NotificationCategory' })

export const categoryListView = z.strictObject({ data: z.array(categoryView) })

export const pushParams = z.strictObject({ subscriptionId: id('push subscription') })
