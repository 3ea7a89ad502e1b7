/** All that other services may import of notifications. */
import type { Ctx } from '../../kernel/context.js'
import type { MembershipRole } from '../../kernel/principal.js'
import type { MessageData, MessageKey } from '../../messages/catalogue/messages.js'
import { acceptMessages } from './operations/accept-messages.js'

/** Something that people of a tenant are to be told. */
export interface Notice<K extends MessageKey> {
  /** Members by id, or everybody with a role. */
  to: readonly ({ userId: string } | { role: MembershipRole })[]
  /** Key of a shipped template, and values for its variables; times as text. */
  template: K
  data: MessageData<K>
  /** The template's where left out. */
  category?: string
  /**
   * What it tells of: told once, however often it is asked for. An event handler gives its event's id, a periodic job
   * what it found.
   */
  about: string
}

/**
 * Tells members of the caller's tenant something through the pipeline: their preferences, quiet hours and inbox count
 * like for every message. It is kept with the open transaction and sent after the commit.
 */
export async function notify<K extends MessageKey>(
  ctx: Ctx,
  { to, template, data, category, about }: Notice<K>,
): Promise<void> {
  const transactionId = `vetrai:${template}:${about}`
  const request = { to: [...to], data: { ...data } }
  await acceptMessages(ctx, [{ templateKey: template, category, request, transactionId }])
}
