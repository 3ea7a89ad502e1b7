import { expect } from 'chai'
import { useServer } from '../../../test/server.js'
import { Ctx } from '../../kernel/context.js'
import { newId } from '../../kernel/ids.js'
import type { Principal, UserPrincipal } from '../../kernel/principal.js'
import {
  loadIdentity,
  publicUrl,
  requireOwnSession,
  requireRecentAuth,
  requireSelf,
  requireUser,
} from './api.js'
import { makePerson } from './test-support.js'

describe('what auth offers other services', () => {
  const server = useServer()
  const now = () => Math.floor(server.resources.now().getTime() / 1000)
  const person = (more: Partial<UserPrincipal> = {}): UserPrincipal => ({
    kind: 'user',
    via: 'jwt',
    id: newId(),
    email: 'anna@example.com',
    tenant: null,
    roles: [],
    scopes: null,
    sessionId: newId(),
    aal: 1,
    authenticatedAt: now(),
    hasFactor: false,
    impersonatorId: null,
    ...more,
  })
  const key: Principal = {
    kind: 'key',
    id: newId(),
    tenant: null,
    roles: [],
    scopes: [],
    ownerId: null,
    environment: 'live',
  }
  const as = (principal: Principal | null) =>
    new Ctx(server.resources, { principal, requestId: 'r', ip: '192.0.2.1', userAgent: null, traceId: 't' })

  const guards = { requireUser, requireSelf, requireOwnSession, requireRecentAuth }
  const cases: [who: string, make: () => Principal | null, passes: (keyof typeof guards)[]][] = [
    ['nobody', () => null, []],
    ['an API key', () => key, []],
    ['somebody acting for a person', () => person({ impersonatorId: newId() }), ['requireUser']],
    ['an access token', () => person({ via: 'opaque', sessionId: null }), ['requireUser', 'requireSelf']],
    [
      'an old sign-in',
      () => person({ authenticatedAt: now() - 700 }),
      ['requireUser', 'requireSelf', 'requireOwnSession'],
    ],
    [
      'a recent sign-in',
      () => person(),
      ['requireUser', 'requireSelf', 'requireOwnSession', 'requireRecentAuth'],
    ],
  ]
  for (const [who, make, passes] of cases) {
    it(`lets ${who} through ${passes.length > 0 ? passes.join(', ') : 'no guard'}`, () => {
      for (const [name, guard] of Object.entries(guards)) {
        const call = () => guard(as(make()))
        if ((passes as string[]).includes(name)) expect(call, name).to.not.throw()
        else expect(call, name).to.throw()
      }
    })
  }

  it('knows people with their organisations, and nobody disabled', async () => {
    const someone = await makePerson(server)
    expect(await loadIdentity(server.resources, someone.id)).to.deep.include({
      email: someone.email,
      memberships: [],
    })
    await server.operator.post(`/auth/v1/users/${someone.id}/disable`)
    expect(await loadIdentity(server.resources, someone.id)).to.equal(null)
  })

  it('makes links from the configured address only', () => {
    expect(publicUrl(server.resources)).to.equal('http://vetrai.test')
  })
})
