import type { Ctx } from '../../../kernel/context.js'
import type { Unresolved } from '../models/message.js'
import type { RecipientProfile } from '../recipient.js'
import { decide, type Plan, type Verdict } from '../rules/decide.js'
import type { ExplainInput } from '../schemas/messages.js'
import { gatherFacts } from './gather-facts.js'
import { INLINE_TEMPLATE, planMessage, profileOf } from './plan-message.js'
import { previewRecipients } from './resolve-recipients.js'
import { refuseReserved, requestFrom } from './send-notifications.js'

/** What each recipient would get. */
export interface Explanation {
  at: Date
  plan: Plan
  recipients: { profile: RecipientProfile; isKnown: boolean; verdicts: Verdict[] }[]
  unresolved: Unresolved[]
}

/** What would become of a message and why, by the very function that decides when it is sent. Changes nothing. */
export async function explain(ctx: Ctx, input: ExplainInput): Promise<Explanation> {
  refuseReserved(input.template)
  const templateKey = input.template ?? INLINE_TEMPLATE
  const request = requestFrom(input)
  const category = input.category ?? (await profileOf(ctx, templateKey)).category
  const plan = await planMessage(ctx, { kind: 'message', templateKey, category, request })
  const { profiles, strangers, unresolved } = await previewRecipients(ctx, request.to)
  const { overrides } = request
  const gathered = await gatherFacts(ctx, plan, profiles, { overrides, throttles: 'look' })
  const at = input.at === undefined ? ctx.now() : new Date(input.at)
  const around = { ...gathered.around, now: at }
  return {
    ...{ at, plan, unresolved },
    recipients: profiles.map((profile) => ({
      profile,
      isKnown: !strangers.has(profile.id),
      verdicts: decide(plan, gathered.factsOf(profile), around).verdicts,
    })),
  }
}
