import type { WordedChannel } from '../message-words.js'
import type { Variables } from '../variables.js'

/** Kinds of messages that people can switch off as one; tenants may have further ones. */
export type MessageCategory = 'security' | 'account' | 'billing' | 'support' | 'product'

/** A message this server can write. Its words are in templates/messages/<key>. */
export interface MessageDefinition {
  /** What it is for: `tells …`, `asks …`. */
  summary: string
  category: MessageCategory
  /** Cannot be switched off. */
  isCritical: boolean
  /**
   * Tenants may have words of their own for it. Not what the installation writes about an account: one person may
   * belong to several tenants, and none of them may make such a mail say anything else.
   */
  isCustomizable: boolean
  channels: readonly WordedChannel[]
  variables: Variables
}
