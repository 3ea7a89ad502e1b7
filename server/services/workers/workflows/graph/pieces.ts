import { z } from 'zod'
import { jsonObject } from '../../../../kernel/schema.js'

/** Where a workflow ends; no node may be called so. */
export const END = 'end'

const NAME = /^[a-z][a-z0-9_]{0,39}$/

/** Name of a node: usable in expressions as it is. */
export const nodeId = z
  .string()
  .regex(NAME, 'a lower-case letter, then lower-case letters, digits and _, 40 at most')
  .refine((id) => id !== END, `"${END}" is where a workflow ends and names no node`)

/** The node that comes next, or `end`. */
export const target = z.string().regex(NAME, `must name a node, or be "${END}"`)

/** A JSONata expression over `input`, `steps`, `item`, `index`, `loops` and `run`. */
export const expression = z
  .string()
  .trim()
  .min(1)
  .max(4_000)
  .meta({ description: 'JSONata expression.', examples: ['input.amount > 100'] })

/** Text that may hold `{{ expressions }}`. */
export const template = (max: number) => z.string().min(1).max(max)

/** A JSON object, or an expression that makes one. */
export const objectOrTemplate = (maxBytes: number) => z.union([jsonObject({ maxBytes }), template(4_000)])

/** Name of a stored secret, as `{{ secrets.NAME }}` refers to it. */
export const secretName = z
  .string()
  .regex(/^[A-Z][A-Z0-9_]{0,59}$/, 'an upper-case letter, then upper-case letters, digits and _, 60 at most')

/** How often a failing call is tried, and with what pauses. */
export const retryPolicy = z.strictObject({
  attempts: z.int().min(1).max(10).describe('Calls at most, the first included.'),
  delay_ms: z
    .int()
    .min(0)
    .max(3_600_000)
    .default(1_000)
    .describe('Pause after the first; it doubles each time.'),
  max_delay_ms: z.int().min(0).max(86_400_000).default(60_000),
})
export type RetryPolicy = z.infer<typeof retryPolicy>

/** What a failed node means for its run. */
export const onError = z
  .union([z.enum(['fail', 'continue']), z.strictObject({ goto: target })])
  .default('fail')
  .describe('`fail` ends the run, `continue` goes on with null as output, `goto` goes elsewhere.')
