import { z } from 'zod'
import { id, page, timestamp } from '../../../kernel/schema.js'
import { SUPPRESSION_REASONS } from '../models/suppression.js'
import { ADDRESSED } from '../rules/addresses.js'

const channel = z.enum(ADDRESSED).meta({ examples: ['email'] })
const address = z
  .string()
  .trim()
  .min(3)
  .max(2_048)
  .meta({
    description: 'E-mail address, international phone number, or endpoint of a push subscription.',
    examples: ['ada@example.com'],
  })
const reason = z.enum(SUPPRESSION_REASONS)

export const suppressionParams = z.strictObject({ suppressionId: id('suppression') })

export const listSuppressionsQuery = z.strictObject({
  ...page,
  channel: channel.optional(),
  reason: reason.optional(),
  address: address.optional().describe('Whether this very address is on the list.'),
})
export type ListSuppressionsQuery = z.infer<typeof listSuppressionsQuery>

export const addSuppressionBody = z.strictObject({
  channel,
  address,
  reason: reason.default('manual'),
})
export type AddSuppressionInput = z.infer<typeof addSuppressionBody>

export const suppressionView = z
  .strictObject({
    id: id('suppression'),
    channel,
    masked: z.string().describe('Enough of the address to recognise it by; the whole is not kept.'),
    reason,
    source: z.string().describe('What told: a provider, `user:<id>` or `key:<id>`.'),
    since: timestamp,
  })
  .meta({ id: 'Suppression' })
