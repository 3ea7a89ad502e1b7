import { defineEvents } from '../../kernel/events.js'

/** What this service tells others; payloads never hold a key's text or hash. */
declare module '../../kernel/events.js' {
  interface Events {
    'keys.key.created': { keyId: string }
    'keys.key.updated': { keyId: string; fields: string[] }
    'keys.key.rotated': { keyId: string; successorId: string; graceUntil: string | null }
    'keys.key.revoked': { keyId: string }
    'keys.key.deleted': { keyId: string }
    /** A week ahead, once for each time that it is set to expire. */
    'keys.key.expiring': {
      keyId: string
      name: string
      start: string
      ownerUserId: string | null
      expiresAt: string
    }
    'keys.key.leaked': {
      keyId: string
      name: string
      action: 'revoke' | 'rotate'
      graceUntil: string | null
      url: string | null
    }
  }
}

const keyId = '01990f6e-5f0e-7000-8000-000000000001'

export const keyEvents = defineEvents('keys', {
  'keys.key.created': { about: 'An API key was made.', example: { keyId } },
  'keys.key.updated': {
    about: 'Fields of an API key were changed.',
    example: { keyId, fields: ['name', 'scopes'] },
  },
  'keys.key.rotated': {
    about: 'An API key got a successor; the old one works until the grace time ends.',
    example: {
      keyId,
      successorId: '01990f6e-5f0e-7000-8000-000000000002',
      graceUntil: '2026-11-26T12:00:00.000Z',
    },
  },
  'keys.key.revoked': { about: 'An API key was revoked for good.', example: { keyId } },
  'keys.key.deleted': { about: 'An API key was deleted.', example: { keyId } },
  'keys.key.expiring': {
    about: 'An API key stops working within a week.',
    example: {
      keyId,
      name: 'ci',
      start: 'vtr_live_8sK2',
      ownerUserId: null,
      expiresAt: '2026-12-02T12:00:00.000Z',
    },
  },
  'keys.key.leaked': {
    about: 'An API key was reported as leaked, and stopped or put on a grace time.',
    example: {
      keyId,
      name: 'ci',
      action: 'revoke',
      graceUntil: null,
      url: 'https://example.com/where-it-was-found',
    },
  },
})
