import { expect } from 'chai'
import { exampleOf, type JsonSchema } from '../server/http/schema-document.js'
import { type DocumentedOperation, documentOf } from './api-document.js'
import { type BuiltUser, buildKey, buildMember } from './build.js'
import type { Answer } from './caller.js'
import { useServer } from './server.js'

const RANDOM_ID = '01999999-9999-7999-8999-999999999999'

/** Objects of somebody else, by the name of the path parameter that takes their id. A new name needs a line here. */
type Foreign = Record<string, (owner: BuiltUser) => Promise<string>>

describe("another tenant's ids", function () {
  this.timeout(120_000)
  const server = useServer()

  const foreign: Foreign = {
    tenantId: async (owner) => owner.tenant.id,
    userId: async (owner) => owner.id,
    memberId: async (owner) => (await owner.api.get('/tenancy/v1/members')).body.data[0].id,
    invitationId: async (owner) => {
      const res = await owner.api.post('/tenancy/v1/invitations', {
        email: `guest-${Date.now()}@example.com`,
        role: 'user',
      })
      return res.body.id
    },
    resource: async () => 'seats',
    reservationId: async (owner) => {
      await server.operator.in(owner.tenant.id).put('/tenancy/v1/quotas/seats', { limit: 10 })
      const res = await owner.api.post('/tenancy/v1/quotas/seats/reserve', { amount: 1 })
      return res.body.id ?? res.body.reservation_id ?? RANDOM_ID
    },
    keyId: async (owner) => (await buildKey(owner, ['tenancy:read'])).id,
    sessionId: async (owner) => (await owner.api.get('/auth/v1/sessions')).body.data[0].id,
    tokenId: async (owner) => (await owner.api.post('/auth/v1/tokens', { name: 'mine' })).body.id,
    factorId: async (owner) => {
      const res = await owner.api.post('/auth/v1/factors', {
        type: 'totp',
        name: 'phone',
        password: owner.password,
      })
      return res.body.id ?? RANDOM_ID
    },
  }

  it('answer byte for byte like random ids, on every operation that takes one', async () => {
    const [owner, stranger] = await Promise.all([buildMember(server), buildMember(server)])
    const document = await documentOf(server.url)
    const components = ((document.raw.components as JsonSchema).schemas ?? {}) as Record<string, JsonSchema>
    const ids: Record<string, string> = {}
    for (const operation of document.operations.filter((one) => one.path.includes('{'))) {
      const names = [...operation.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '')
      for (const name of names) {
        const make = foreign[name]
        if (!make)
          throw new Error(`${operation.operationId}: test/foreign-ids.test.ts builds nothing for {${name}}`)
        ids[name] ??= await make(owner)
      }
      // A name chosen by people (a quota) is no id: both tenants may have one.
      if (names.every((name) => name === 'resource')) continue
      const theirs = await callWith(operation, stranger, (name) => ids[name] ?? '', components)
      const random = await callWith(
        operation,
        stranger,
        (name) => (name === 'resource' ? 'seats' : RANDOM_ID),
        components,
      )
      expect(comparable(theirs, ids), operation.operationId).to.equal(comparable(random, ids))
      expect(theirs.status, `${operation.operationId}: ${theirs.text}`).to.be.oneOf([403, 404, 422, 400])
    }
  })

  const callWith = (
    operation: DocumentedOperation,
    caller: BuiltUser,
    id: (name: string) => string,
    components: Record<string, JsonSchema>,
  ): Promise<Answer> => {
    const path = operation.path.replace(/\{(\w+)\}/g, (_all, name: string) => id(name))
    const schema = operation.requestBody?.content['application/json']?.schema
    const body = schema ? exampleOf(schema, components) : undefined
    return caller.api.call(operation.method.toUpperCase(), path, { body })
  }
})

/** An answer without what must differ: the request's own id and the address that was asked for. */
function comparable(answer: Answer, ids: Record<string, string>): string {
  let text = answer.text.replace(/"request_id":"[^"]*"/, '')
  for (const id of [...Object.values(ids), RANDOM_ID]) text = text.replaceAll(id, 'ID')
  const headers = [...answer.headers].filter(
    ([name]) => !['x-request-id', 'date', 'ratelimit', 'content-length'].includes(name),
  )
  return JSON.stringify([answer.status, headers, text])
}
