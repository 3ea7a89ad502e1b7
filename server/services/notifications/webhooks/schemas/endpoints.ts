import { z } from 'zod'
import { id, page, shortText, timestamp } from '../../../../kernel/schema.js'
import { HEADER_NAME, HEADER_VALUE, isFreeHeader } from '../rules/custom-headers.js'
import { SUBSCRIPTION, TYPE_MAX_LENGTH } from '../rules/event-types.js'
import { secretBytes } from '../signing/generate-key.js'
import { SCHEMES } from '../signing/signature.js'

/** Longest time a replaced key may sign along: a week. */
const OVERLAP_MAX_S = 7 * 86_400
const OVERLAP_S = 86_400
const HEADERS_MAX = 10

export const endpointParams = z.strictObject({ endpointId: id('webhook endpoint') })

const url = z
  .url({ protocol: /^https?$/ })
  .max(2048)
  .refine((text) => !text.includes('#'), 'must not have a fragment')
  .meta({
    description: 'Where messages are sent: https, unless the operator opened an internal host.',
    examples: ['https://example.com/webhooks'],
  })

const subscription = z
  .string()
  .min(1)
  .max(TYPE_MAX_LENGTH)
  .regex(SUBSCRIPTION, 'must be an event type, `service.*` or `*`')
  .meta({ examples: ['keys.*'] })

const eventTypes = z
  .array(subscription)
  .min(1)
  .max(100)
  .transform((list) => [...new Set(list)])
  .describe('Event types to be sent: exact ones, `service.*` for all of a service, `*` for all.')

const headerName = z
  .string()
  .min(1)
  .max(64)
  .toLowerCase()
  .regex(HEADER_NAME, 'must be a header name')
  .refine(isFreeHeader, 'is a header that cannot be chosen')

const headers = z
  .record(headerName, z.string().min(1).max(512).regex(HEADER_VALUE, 'must be visible ASCII'))
  .refine((all) => Object.keys(all).length <= HEADERS_MAX, `at most ${HEADERS_MAX} headers`)
  .describe('Headers sent along, such as `authorization`. Their values are kept sealed and never shown.')

const ratePerMinute = z
  .int()
  .min(1)
  .max(6_000)
  .nullable()
  .describe('Most messages a minute, evenly spaced; null for no limit.')

const signing = z
  .array(z.enum(SCHEMES))
  .min(1)
  .max(SCHEMES.length)
  .refine((list) => new Set(list).size === list.length, 'a scheme is named twice')
  .describe('How messages are signed: `v1` HMAC-SHA-256 under a shared secret, `v1a` ed25519.')

const secret = z
  .string()
  .max(100)
  .refine((text) => secretBytes(text) !== null, 'must be whsec_ and the base64 of 24 to 64 bytes')
  .optional()
  .describe('A shared secret of your own (`whsec_…`); made up when left out.')

const secretFits = ({ secret, signing }: { secret?: string | undefined; signing?: string[] | undefined }) =>
  secret === undefined || signing === undefined || signing.includes('v1')
const secretMisfit = { path: ['secret'], message: 'only v1 has a shared secret' }

const endpointFields = {
  url,
  description: shortText({ max: 200, min: 0 }),
  event_types: eventTypes,
  headers,
  rate_per_minute: ratePerMinute,
  enabled: z.boolean(),
}

export const createEndpointBody = z
  .strictObject({
    ...endpointFields,
    description: endpointFields.description.default(''),
    headers: headers.default({}),
    rate_per_minute: ratePerMinute.default(null),
    enabled: endpointFields.enabled.default(true),
    signing: signing.default(['v1']),
    secret,
  })
  .refine(secretFits, secretMisfit)
export type CreateEndpointInput = z.infer<typeof createEndpointBody>

export const updateEndpointBody = z.strictObject(endpointFields).partial()
export type UpdateEndpointInput = z.infer<typeof updateEndpointBody>

export const rotateBody = z
  .strictObject({
    signing: signing
      .optional()
      .describe('Schemes to sign with from now on; those in use when left out. Each gets a new key.'),
    overlap_s: z
      .int()
      .min(0)
      .max(OVERLAP_MAX_S)
      .default(OVERLAP_S)
      .describe('Seconds that the keys used so far sign along; 0 ends them now.'),
    secret,
  })
  .refine(secretFits, secretMisfit)
export type RotateInput = z.infer<typeof rotateBody>

export const listEndpointsQuery = z.strictObject({
  ...page,
  enabled: z
    .enum(['true', 'false'])
    .transform((text) => text === 'true')
    .optional(),
  url: url.optional(),
})
export type ListEndpointsQuery = z.infer<typeof listEndpointsQuery>

const signingKeyView = z.strictObject({
  scheme: z.enum(SCHEMES),
  public_key: z.string().nullable().describe('`whpk_…`, to check `v1a` signatures with; null for `v1`.'),
  created_at: timestamp,
  expires_at: timestamp.nullable().describe('When it stops signing along; null for the key in use.'),
})

const endpointShape = z.strictObject({
  id: id('webhook endpoint'),
  url: z.string(),
  description: z.string(),
  event_types: z.array(z.string()),
  headers: z.array(z.string()).describe('Names of the custom headers; their values are never shown.'),
  rate_per_minute: z.int().nullable(),
  enabled: z.boolean(),
  disabled_at: timestamp.nullable(),
  disabled_reason: z
    .enum(['manual', 'gone', 'failing'])
    .nullable()
    .describe('`gone`: it answered 410. `failing`: nothing but failures for five days.'),
  signing: z.array(signingKeyView).describe('The keys that sign at the moment, newest first.'),
  created_at: timestamp,
  updated_at: timestamp,
})
export const endpointView = endpointShape.meta({ id: 'WebhookEndpoint' })

export const createdEndpointView = z
  .strictObject({
    ...endpointShape.shape,
    secret: z
      .string()
      .nullable()
      .describe('The shared secret (`whsec_…`), shown this once; null without `v1`.'),
  })
  .meta({ id: 'CreatedWebhookEndpoint' })

export const statsQuery = z.strictObject({
  hours: z.coerce.number().int().min(1).max(168).default(24).describe('How far to look back.'),
})
export type StatsQuery = z.infer<typeof statsQuery>

const count = z.int()
export const statsView = z
  .strictObject({
    since: timestamp,
    deliveries: z.strictObject({ pending: count, delivered: count, failed: count, skipped: count }),
    attempts: z.strictObject({ succeeded: count, failed: count }),
    duration_ms: z.strictObject({ p50: count.nullable(), p95: count.nullable() }),
    failing_since: timestamp.nullable().describe('Since when there were nothing but failures.'),
    failures: count.describe('Failures in a row.'),
    last_success_at: timestamp.nullable(),
    last_failure_at: timestamp.nullable(),
    paused_until: timestamp.nullable().describe('Nothing is sent before.'),
  })
  .meta({ id: 'WebhookEndpointStats' })

export const testBody = z.strictObject({
  type: z
    .string()
    .min(1)
    .max(TYPE_MAX_LENGTH)
    .optional()
    .describe('Event type whose example is sent; `webhook.test` when left out.'),
})
export type TestInput = z.infer<typeof testBody>

export const replayEndpointBody = z.strictObject({
  since: timestamp.describe('Messages from then on that failed or were skipped are sent again.'),
  until: timestamp.optional().describe('Now when left out.'),
})
export type ReplayEndpointInput = z.infer<typeof replayEndpointBody>

export const startedJobView = z.strictObject({ job_id: id('job') })
