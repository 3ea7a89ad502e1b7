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

export {}
