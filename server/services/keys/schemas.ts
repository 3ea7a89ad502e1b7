import { z } from 'zod'
import { id, jsonObject, jsonValue, page, shortText, timestamp } from '../../kernel/schema.js'
import { isScope, SCOPE_MAX_LENGTH, SCOPES_MAX } from '../../kernel/scopes.js'
import { formatAddressRange, parseAddressRange } from './rules/address-list.js'
import { CREDITS_MAX } from './rules/credits.js'
import { VERDICT_CODES } from './rules/key-verdict.js'
import { RATE_LIMITS_MAX } from './rules/rate-limits.js'

/** Longest time a rotated key may live on: a week. */
export const GRACE_MAX_S = 7 * 86_400
const EXPIRY_MAX_DAYS = 3650
const COST_MAX = 1_000_000_000
const KEY_TEXT_MAX = 512

export const keyParams = z.strictObject({ keyId: id('key') })

const scope = z
  .string()
  .min(1)
  .max(SCOPE_MAX_LENGTH)
  .refine(isScope, 'must be resource:action, resource:* or *')
  .describe('`resource:action`, `resource:*` or `*`.')

const scopeList = z.array(scope).max(SCOPES_MAX)

const addressRange = z
  .string()
  .min(2)
  .max(64)
  .transform((text, ctx) => {
    const range = parseAddressRange(text)
    if (range) return formatAddressRange(range)
    ctx.addIssue({ code: 'custom', message: 'must be an IP address or a CIDR range without host bits' })
    return z.NEVER
  })

const refill = z.strictObject({
  interval: z.enum(['daily', 'monthly']),
  amount: z.int().min(1).max(CREDITS_MAX).describe('What `remaining` becomes; it replaces what is left.'),
  day: z
    .int()
    .min(1)
    .max(31)
    .default(1)
    .describe('Day of a monthly refill; shorter months refill on their last day.'),
})

const creditsObject = z.strictObject({
  remaining: z.int().min(0).max(CREDITS_MAX),
  refill: refill.nullable().default(null),
})

const credits = z
  .union([z.int().min(0).max(CREDITS_MAX), creditsObject])
  .transform((value) => (typeof value === 'number' ? { remaining: value, refill: null } : value))
  .describe('How much `verify` may still spend; a number stands for credits without a refill.')

const limitName = z
  .string()
  .min(1)
  .max(40)
  .regex(/^[a-z][a-z0-9_-]*$/, 'a lower-case letter, then lower-case letters, digits, _ and -')

const rateLimit = z.strictObject({
  name: limitName,
  limit: z.int().min(1).max(1_000_000_000).describe('Units of cost allowed in each window.'),
  window_s: z
    .int()
    .min(1)
    .max(31 * 86_400)
    .describe('Length of the window in seconds.'),
  auto_apply: z
    .boolean()
    .default(true)
    .describe('Applied to every verification, not only to those that name it.'),
})

const rateLimits = z
  .array(rateLimit)
  .max(RATE_LIMITS_MAX)
  .refine(
    (list) => new Set(list.map(({ name }) => name)).size === list.length,
    'two limits have the same name',
  )

const allowedIps = z.array(addressRange).min(1).max(100)
const meta = jsonObject({ maxBytes: 8192 })
const onLeak = z.enum(['revoke', 'rotate'])

const keyFields = {
  name: shortText({ max: 60 }),
  scopes: scopeList.min(1),
  allowed_ips: allowedIps
    .nullable()
    .describe('Addresses and CIDR ranges that may use the key; null admits all.'),
  credits: credits.nullable().describe('null means unlimited.'),
  rate_limits: rateLimits,
  meta,
  enabled: z.boolean(),
  on_leak: onLeak.describe('What a leak report does: revoke at once, or start a grace time to rotate in.'),
}

const expiry = {
  expires_at: timestamp.nullable().optional().describe('When the key stops working; null for never.'),
  expires_in_days: z.int().min(1).max(EXPIRY_MAX_DAYS).optional(),
}
const oneExpiry = (body: { expires_at?: string | null | undefined; expires_in_days?: number | undefined }) =>
  body.expires_at === undefined || body.expires_in_days === undefined
const oneExpiryMessage = { path: ['expires_at'], message: 'give expires_at or expires_in_days, not both' }

export const createKeyBody = z
  .strictObject({
    ...keyFields,
    ...expiry,
    owner: z
      .union([
        z.strictObject({ type: z.literal('tenant') }),
        z.strictObject({ type: z.literal('user'), id: id('user').optional() }),
      ])
      .optional()
      .describe(
        'Whom the key belongs to. Left out: the organisation for those who manage its keys, else the caller.',
      ),
    environment: z.enum(['live', 'test']).default('live'),
    allowed_ips: keyFields.allowed_ips.default(null),
    credits: keyFields.credits.default(null),
    rate_limits: keyFields.rate_limits.default([]),
    meta: keyFields.meta.default({}),
    enabled: keyFields.enabled.default(true),
    on_leak: keyFields.on_leak.default('revoke'),
  })
  .refine(oneExpiry, oneExpiryMessage)
export type CreateKeyInput = z.infer<typeof createKeyBody>

export const updateKeyBody = z
  .strictObject({ ...z.strictObject(keyFields).partial().shape, ...expiry })
  .refine(oneExpiry, oneExpiryMessage)
export type UpdateKeyInput = z.infer<typeof updateKeyBody>

export const rotateKeyBody = z.strictObject({
  grace_s: z
    .int()
    .min(0)
    .max(GRACE_MAX_S)
    .default(0)
    .describe('Seconds the old key lives on, never past its own expiry; 0 ends it at once.'),
})

export const listKeysQuery = z.strictObject({
  ...page,
  owner_id: id('user').optional().describe('Keys of this user only.'),
  environment: z.enum(['live', 'test']).optional(),
  state: z.enum(['active', 'retiring', 'disabled', 'expired', 'revoked']).optional(),
  name: shortText({ max: 60 }).optional().describe('Keys with exactly this name.'),
})
export type ListKeysQuery = z.infer<typeof listKeysQuery>

export const verifyKeyBody = z.strictObject({
  key: z.string().min(1).max(KEY_TEXT_MAX).describe('The key text somebody sent to you.'),
  scopes: scopeList.default([]).describe('All of them must be covered.'),
  cost: z.int().min(0).max(COST_MAX).default(1).describe('Credits to spend where the key has credits.'),
  rate_limits: z
    .array(z.strictObject({ name: limitName, cost: z.int().min(0).max(COST_MAX).optional() }))
    .max(RATE_LIMITS_MAX)
    .default([])
    .describe('Named limits to apply besides the automatic ones.'),
  ip: z
    .union([z.ipv4(), z.ipv6()])
    .optional()
    .describe('Address the key was used from; needed by keys with allowed_ips.'),
})
export type VerifyKeyInput = z.infer<typeof verifyKeyBody>

const owner = z.strictObject({ type: z.enum(['tenant', 'user']), id: z.uuid() })

const limitState = z.strictObject({
  name: z.string(),
  limit: z.number(),
  remaining: z.number(),
  reset_s: z.number().describe('Seconds until the window ends.'),
  exceeded: z.boolean(),
})

export const verifyView = z
  .strictObject({
    valid: z.boolean(),
    code: z.enum(VERDICT_CODES),
    key_id: z.uuid().nullable(),
    name: z.string().nullable(),
    owner: owner.nullable(),
    environment: z.enum(['live', 'test']).nullable(),
    scopes: z.array(z.string()).describe('What the key may do now: its scopes cut to what its owner may.'),
    expires_at: timestamp.nullable(),
    remaining: z.number().nullable().describe('Credits left; null for a key without credits.'),
    ratelimit: z.array(limitState),
    meta: z.record(z.string(), jsonValue),
  })
  .meta({ id: 'KeyVerdict' })
export type VerifyView = z.infer<typeof verifyView>

export const keyView = z
  .strictObject({
    id: z.uuid(),
    name: z.string(),
    start: z.string().describe('First characters of the key, to recognise it by.'),
    environment: z.enum(['live', 'test']),
    owner,
    state: z.enum(['active', 'retiring', 'disabled', 'expired', 'revoked']),
    enabled: z.boolean(),
    scopes: z.array(z.string()),
    allowed_ips: z.array(z.string()).nullable(),
    rate_limits: z.array(
      z.strictObject({ name: z.string(), limit: z.number(), window_s: z.number(), auto_apply: z.boolean() }),
    ),
    credits: z
      .strictObject({
        remaining: z.number(),
        refill: z
          .strictObject({ interval: z.enum(['daily', 'monthly']), amount: z.number(), day: z.number() })
          .nullable(),
        next_refill_at: timestamp.nullable(),
      })
      .nullable(),
    meta: z.record(z.string(), jsonValue),
    on_leak: onLeak,
    expires_at: timestamp.nullable(),
    grace_until: timestamp.nullable().describe('End of the grace time of a rotated or leaked key.'),
    revoked_at: timestamp.nullable(),
    leaked_at: timestamp.nullable(),
    rotated_from: z.uuid().nullable().describe('The key this one replaces.'),
    rotated_to: z.uuid().nullable().describe('The key that replaces this one.'),
    created_by: z.strictObject({ type: z.enum(['user', 'key', 'system']), id: z.string() }),
    last_used_at: timestamp.nullable().describe('Accurate to the flush of the usage counters, some seconds.'),
    created_at: timestamp,
    updated_at: timestamp,
  })
  .meta({ id: 'ApiKey' })

export const createdKeyView = z
  .strictObject({
    ...keyView.shape,
    key: z.string().describe('The key itself. Shown this once; only a keyed hash of it is stored.'),
  })
  .meta({ id: 'CreatedApiKey' })

export const usageQuery = z
  .strictObject({
    from: timestamp
      .optional()
      .describe('Start, inclusive; 24 hours (hour) or 30 days (day) before `to` where left out.'),
    to: timestamp.optional().describe('End, exclusive; now where left out.'),
    bucket: z.enum(['hour', 'day']).default('hour'),
  })
  .refine(({ from, to }) => !from || !to || Date.parse(from) < Date.parse(to), {
    path: ['from'],
    message: 'must be before `to`',
  })
export type UsageQuery = z.infer<typeof usageQuery>

export const usageView = z
  .strictObject({
    bucket: z.enum(['hour', 'day']),
    from: timestamp,
    to: timestamp,
    totals: z.strictObject({
      requests: z.number(),
      verifications: z.number(),
      valid: z.number(),
      credits: z.number(),
    }),
    data: z.array(
      z.strictObject({
        start: timestamp,
        requests: z.number().describe('Calls to this API that the key made.'),
        verifications: z.number(),
        outcomes: z.record(z.string(), z.number()).describe('Verifications by code.'),
        credits: z.number().describe('Credits spent.'),
      }),
    ),
  })
  .meta({ id: 'KeyUsage' })
export type UsageView = z.infer<typeof usageView>

const leakReport = z.strictObject({
  token: z.string().min(1).max(KEY_TEXT_MAX).describe('The leaked key.'),
  type: z.string().max(100).optional(),
  url: z.string().max(2048).optional().describe('Where it was found.'),
  source: z.string().max(100).optional(),
})

export const leakedBody = z
  .union([
    z.array(leakReport).min(1).max(100),
    z.strictObject({ tokens: z.array(leakReport).min(1).max(100) }),
  ])
  .transform((body) => (Array.isArray(body) ? body : body.tokens))
export type LeakReport = z.infer<typeof leakReport>

export const leakedView = z.strictObject({
  data: z.array(
    z.strictObject({
      token_hash: z.string().describe('SHA-256 of the token, base64.'),
      token_type: z.string(),
      label: z.enum(['true_positive', 'false_positive']),
    }),
  ),
})
