import { defineEvents } from '../../kernel/events.js'

/** What the auth service tells others; payloads hold ids and addresses, never secrets. */
declare module '../../kernel/events.js' {
  interface Events {
    'auth.user.created': { userId: string }
    'auth.user.updated': { userId: string }
    'auth.user.disabled': { userId: string }
    'auth.user.enabled': { userId: string }
    'auth.user.deleted': { userId: string; email: string }
    'auth.email.changed': { userId: string; from: string; to: string }
    'auth.email.verified': { userId: string; email: string }
    'auth.password.changed': { userId: string; how: 'changed' | 'reset' | 'set_by_admin'; ip: string }
    /** An address was tried too often; whether it has an account is not known here. */
    'auth.account.locked': { email: string; ip: string; until: string }
    'auth.session.created': { userId: string; sessionId: string }
    'auth.session.reused': { userId: string; sessionId: string; firstUsedAt: string; ip: string }
    'auth.factor.added': { userId: string; factorId: string }
    'auth.factor.removed': { userId: string; factorId: string }
    'auth.impersonation.started': { userId: string; sessionId: string; endsAt: string; reason: string }
    /** A row of one_time_tokens waits for its token to be made and mailed. */
    'auth.token.requested': { requestId: string }
  }
}

const userId = '01990f6e-5f0e-7000-8000-000000000001'
const sessionId = '01990f6e-5f0e-7000-8000-000000000002'
const factorId = '01990f6e-5f0e-7000-8000-000000000003'
const email = 'ada@example.com'
const ip = '203.0.113.7'

export const authEvents = defineEvents('auth', {
  'auth.user.created': { about: 'An account was made.', example: { userId } },
  'auth.user.updated': { about: 'An account was changed.', example: { userId } },
  'auth.user.disabled': { about: 'An account was locked out by an administrator.', example: { userId } },
  'auth.user.enabled': { about: 'An account was let in again.', example: { userId } },
  'auth.user.deleted': { about: 'An account was deleted.', example: { userId, email } },
  'auth.email.changed': {
    about: 'Somebody changed their e-mail address.',
    example: { userId, from: email, to: 'ada@example.org' },
  },
  'auth.email.verified': { about: 'Somebody confirmed their e-mail address.', example: { userId, email } },
  'auth.password.changed': {
    about: 'The password of an account was changed.',
    example: { userId, how: 'set_by_admin', ip },
  },
  'auth.account.locked': {
    about: 'An e-mail address was tried too often and is locked for a while.',
    example: { email, ip, until: '2026-11-25T12:15:00.000Z' },
  },
  'auth.session.created': { about: 'Somebody signed in.', example: { userId, sessionId } },
  'auth.session.reused': {
    about: 'A refresh token was used twice, so its session was ended.',
    example: { userId, sessionId, firstUsedAt: '2026-11-25T12:00:00.000Z', ip },
  },
  'auth.factor.added': { about: 'Somebody added a second factor.', example: { userId, factorId } },
  'auth.factor.removed': { about: 'A second factor was removed.', example: { userId, factorId } },
  'auth.impersonation.started': {
    about: 'An operator began to act as a person.',
    example: { userId, sessionId, endsAt: '2026-11-25T13:00:00.000Z', reason: 'they asked for help' },
  },
  'auth.token.requested': {
    about: 'A one-time token waits to be made and mailed.',
    example: { requestId: '01990f6e-5f0e-7000-8000-000000000004' },
    internal: 'it is how this server mails a link',
  },
})
