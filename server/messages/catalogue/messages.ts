import type { DataOf } from '../variables.js'
import { accountMessages } from './account-messages.js'
import type { MessageDefinition } from './message-definition.js'
import { operatorMessages } from './operator-messages.js'
import { tenantMessages } from './tenant-messages.js'

/** Every message this server can write by itself. */
export const MESSAGES = { ...accountMessages, ...tenantMessages, ...operatorMessages } as const

export type MessageKey = keyof typeof MESSAGES

/** Exactly the data of one message. */
export type MessageData<K extends MessageKey> = DataOf<(typeof MESSAGES)[K]['variables']>

/** The definition of a key; undefined where the key is not one of the server's own. */
export function findMessage(key: string): MessageDefinition | undefined {
  return Object.hasOwn(MESSAGES, key) ? MESSAGES[key as MessageKey] : undefined
}
