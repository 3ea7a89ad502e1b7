import type { WordedChannel } from '../message-words.js'
import type { Variables } from '../variables.js'

/** Kinds of messages that people can switch off as one, unless a message is critical. */
export const CATEGORIES = {
  account: 'getting into an account and keeping it',
  security: 'what happened to an account',
  organisation: 'the organisation and its members',
  'api-keys': 'API keys',
  billing: 'invoices and payments',
  support: 'tickets',
  usage: 'quotas and their use',
  operations: 'backups, webhooks and other machinery',
  digest: 'what happened meanwhile',
  announcements: 'news',
} as const
export type Category = keyof typeof CATEGORIES

/** A message this server can write. Its words are in templates/messages/<key>. */
export interface MessageDefinition {
  /** What it is for: `tells …`, `asks …`. */
  summary: string
  category: Category
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
