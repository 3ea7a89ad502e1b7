import type { Principal } from '../../kernel/principal.js'
import { pipelineErrors } from './errors/pipeline.js'
import type { Overrides } from './models/message.js'

/** A person who may get messages: a member of the tenant, or one of the tenant's own end users. */
export interface Recipient {
  kind: 'member' | 'subscriber'
  id: string
}

/** Everything known of a recipient that deciding and sending need. */
export interface RecipientProfile extends Recipient {
  /** The tenant's own name for a subscriber. */
  externalId: string | null
  name: string | null
  email: string | null
  emailVerified: boolean
  /** E.164. */
  phone: string | null
  locale: string | null
  timeZone: string | null
  /** Values for templates. */
  data: Record<string, unknown>
}

/**
 * Whose inbox and preferences a caller's own are. Nothing of the request says so, so that no request can reach
 * another's. Throws for a key of the organisation: it is nobody.
 */
export function recipientOf(principal: Principal): Recipient {
  if (principal.kind === 'subscriber') return { kind: 'subscriber', id: principal.id }
  const person = principal.kind === 'key' ? principal.ownerId : principal.id
  if (principal.kind === 'system' || person === null) throw new pipelineErrors.NobodysInbox()
  return { kind: 'member', id: person }
}

/** Where a recipient's mail and text messages go: what the message says, else what is known of them. */
export function addressOf(
  { email, phone }: Pick<RecipientProfile, 'email' | 'phone'>,
  channel: 'email' | 'sms',
  overrides: Overrides = {},
): string | null {
  return channel === 'email' ? (overrides.email?.to ?? email) : (overrides.sms?.to ?? phone)
}
