/** What this service tells others; payloads never hold a key's text or hash. */
declare module '../../kernel/events.js' {
  interface Events {
    'keys.key.created': { keyId: string }
    'keys.key.updated': { keyId: string; fields: string[] }
    'keys.key.rotated': { keyId: string; successorId: string; graceUntil: string | null }
    'keys.key.revoked': { keyId: string }
    'keys.key.deleted': { keyId: string }
    'keys.key.leaked': {
      keyId: string
      name: string
      action: 'revoke' | 'rotate'
      graceUntil: string | null
      url: string | null
    }
  }
}

export type {}
