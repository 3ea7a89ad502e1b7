import { expect } from 'chai'
import { exampleOf, type JsonSchema } from '../server/http/schema-document.js'
import { type DocumentedOperation, documentOf } from './api-document.js'
import { type BuiltUser, buildKey, buildMember, unique } from './build.js'
import type { Answer } from './caller.js'
import { type TestServer, useServer } from './server.js'

const RANDOM_ID = '01999999-9999-7999-8999-999999999999'

/**
 * Parameters that are no ids: a name chosen by people (a quota), which both tenants may have, and a link that is its
 * own credential.
 */
const NO_IDS = new Set(['resource', 'queue', 'token', 'category', 'secretName'])

/** Objects of somebody else, by the name of the path parameter that takes their id. A new name needs a line here. */
type Foreign = Record<string, (owner: BuiltUser) => Promise<string>>

describe("another tenant's ids", function () {
  this.timeout(120_000)
  const server = useServer()

  const foreign: Foreign = {
    tenantId: async (owner) => owner.tenant.id,
    userId: async (owner) => owner.id,
    memberId: async (owner) => (await made(owner.api.get('/tenancy/v1/members'))).data[0].id,
    invitationId: async (owner) => {
      const email = `guest-of-${owner.tenant.slug}@example.com`
      return (await made(owner.api.post('/tenancy/v1/invitations', { email, role: 'user' }))).id
    },
    // A quota is named by people, not by id: both tenants have one, and what hangs below it is the owner's.
    resource: async () => 'documents',
    reservationId: async (owner) =>
      (await made(owner.api.post('/tenancy/v1/quotas/documents/reserve', { amount: 1 }))).id,
    keyId: async (owner) => (await buildKey(owner, ['tenancy:read'])).id,
    sessionId: async (owner) => (await made(owner.api.get('/auth/v1/sessions'))).data[0].id,
    tokenId: async (owner) => (await made(owner.api.post('/auth/v1/tokens', { name: 'mine' }))).id,
    messageId: async (owner) => (await made(owner.api.post('/notifications/v1/send', LATER_MESSAGE))).id,
    deliveryId: async (owner) => {
      await made(owner.api.post('/notifications/v1/send', INBOX_MESSAGE(owner.id)))
      await server.work()
      return (await made(owner.api.get('/notifications/v1/deliveries'))).data[0].id
    },
    itemId: async (owner) => {
      await made(owner.api.post('/notifications/v1/send', INBOX_MESSAGE(owner.id)))
      await server.work()
      return (await made(owner.api.get('/notifications/v1/inbox'))).data[0].id
    },
    subscriberId: async (owner) =>
      (await made(owner.api.put('/notifications/v1/subscribers', { external_id: 'ana' }))).id,
    topicId: async (owner) =>
      (await made(owner.api.post('/notifications/v1/topics', { key: 'news', name: 'News' }))).id,
    subscriptionId: async (owner) =>
      (await made(owner.api.post('/notifications/v1/push/subscriptions', BROWSER))).id,
    suppressionId: async (owner) =>
      (
        await made(
          owner.api.post('/notifications/v1/suppressions', { channel: 'email', address: 'a@b.example' }),
        )
      ).id,
    endpointId: async (owner) => {
      const endpoint = { url: 'https://93.184.215.14/hook', event_types: ['app.never'] }
      return (await made(owner.api.post('/notifications/v1/webhook-endpoints', endpoint))).id
    },
    webhookMessageId: async (owner) =>
      (await made(owner.api.post('/notifications/v1/webhook-messages', { type: 'app.x', data: {} }))).id,
    scheduleId: async (owner) => (await made(owner.api.post('/workers/v1/schedules', SCHEDULE))).id,
    jobId: async (owner) => (await made(owner.api.post('/workers/v1/jobs', DELAYED_JOB))).id,
    deadLetterId: async (owner) => buildDeadLetter(server, owner),
    // Queues belong to the installation; operators alone name them.
    queue: async () => 'workers',
    templateKey: async (owner) => buildTemplate(owner),
    versionId: async (owner) =>
      (await made(owner.api.get(`/notifications/v1/templates/${TEMPLATE}/versions`))).data[0].id,
    templateId: async (owner) => buildWorkflow(owner),
    // Versions are counted: both tenants may have one.
    version: async () => '1',
    runId: async (owner) => buildRun(server, owner),
    checkpointId: async (owner) => {
      const { data } = await made(owner.api.get('/workers/v1/workflow-runs?limit=1'))
      return (await made(owner.api.get(`/workers/v1/workflow-runs/${data[0].id}/checkpoints`))).data[0].id
    },
    factorId: async (owner) => (await made(owner.api.post('/auth/v1/factors', { name: 'phone' }))).id,
  }

  it('answer byte for byte like random ids, on every operation that takes one', async () => {
    const [owner, stranger] = await Promise.all([buildMember(server), buildMember(server)])
    for (const { tenant } of [owner, stranger]) {
      await made(server.operator.in(tenant.id).put('/tenancy/v1/quotas/documents', { limit: 10 }))
    }
    const document = await documentOf(server.url)
    const components = ((document.raw.components as JsonSchema).schemas ?? {}) as Record<string, JsonSchema>
    const ids: Record<string, string> = {}
    for (const operation of document.operations.filter((one) => one.path.includes('{'))) {
      const names = [...operation.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '')
      if (names.every((name) => NO_IDS.has(name))) continue
      for (const name of names) {
        const make = foreign[name]
        if (!make)
          throw new Error(`${operation.operationId}: test/foreign-ids.test.ts builds nothing for {${name}}`)
        ids[name] ??= await make(owner)
      }
      const theirs = await callWith(operation, stranger, (name) => ids[name] ?? '', components)
      const random = await callWith(operation, stranger, (name) => NAMED[name] ?? RANDOM_ID, components)
      expect(comparable(theirs, ids), operation.operationId).to.equal(comparable(random, ids))
      const words = `${operation.operationId}: ${theirs.status} ${theirs.text}`
      if (theirs.status === 403) expect(theirs.body.code, words).to.equal('request.forbidden')
      else expect(theirs.status, words).to.equal(404)
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

/** What people name or count, by which both tenants may have something. */
const NAMED: Readonly<Record<string, string>> = { resource: 'documents', version: '1' }

/** A published workflow of the tenant. */
async function buildWorkflow(owner: BuiltUser): Promise<string> {
  const { id } = await made(
    owner.api.post('/workers/v1/workflow-templates', { name: unique('flow'), from: 'first-steps' }),
  )
  await made(owner.api.post(`/workers/v1/workflow-templates/${id}/publish`, {}))
  return id
}

/** A run of one, as far as it comes by itself. */
async function buildRun(server: TestServer, owner: BuiltUser): Promise<string> {
  const template = await buildWorkflow(owner)
  const { id } = await made(owner.api.post('/workers/v1/workflow-runs', { template }))
  await server.work()
  return id
}

const SCHEDULE = {
  name: 'mine',
  kind: 'workers.http-request',
  payload: { url: 'https://app.example.com' },
  cron: '@daily',
}
const DELAYED_JOB = {
  kind: 'workers.http-request',
  payload: { url: 'https://app.example.com/' },
  delay_s: 3_600,
}

/** A job of the tenant that failed for good. */
async function buildDeadLetter(server: TestServer, owner: BuiltUser): Promise<string> {
  await made(
    owner.api.post('/workers/v1/jobs', {
      ...DELAYED_JOB,
      payload: { url: 'http://169.254.169.254/' },
      delay_s: 0,
    }),
  )
  await server.runJobs()
  return (await made(owner.api.get('/workers/v1/dead-letters'))).data[0].id
}

const TEMPLATE = 'only-of-the-owner'

/** A published notification template of the owner. */
async function buildTemplate({ api }: BuiltUser): Promise<string> {
  const content = { en: { sms: { text: 'Hello' } } }
  await made(api.post('/notifications/v1/templates', { key: TEMPLATE, name: 'Hello', content }))
  await made(api.post(`/notifications/v1/templates/${TEMPLATE}/publish`, {}))
  return TEMPLATE
}

const WORDS = { content: { title: 'Hello', body: 'Nice to see you.' }, category: 'product' }
const LATER_MESSAGE = { to: { external_id: 'ana' }, ...WORDS, delay_s: 3_600 }
const INBOX_MESSAGE = (userId: string) => ({ to: { user_id: userId }, ...WORDS, channels: ['in_app'] })
const BROWSER = {
  endpoint: 'https://93.184.215.14/send/abc',
  keys: {
    p256dh: 'BNcRdreALRFXTkOOUHK1EtK2wtaz5Ry4YfYCA_0QTpQtUbVlUls0VJXg7A8u-Ts1XbjhazAkj7I99e8QcYP7DkM',
    auth: 'tBHItJI5svbpez7KI4CCXg',
  },
}

/** The body of an answer that must be a success: a builder that builds nothing would prove nothing. */
async function made(answer: Promise<Answer>): Promise<Answer['body']> {
  const { status, text, body } = await answer
  if (status >= 300) throw new Error(`cannot build: ${status} ${text}`)
  return body
}

/** An answer without what must differ: the request's own id and the address that was asked for. */
function comparable(answer: Answer, ids: Record<string, string>): string {
  let text = answer.text.replace(/"request_id":"[^"]*"/, '')
  const known = Object.entries(ids).filter(([name]) => !(name in NAMED))
  for (const id of [...known.map(([, id]) => id), RANDOM_ID]) text = text.replaceAll(id, 'ID')
  const headers = [...answer.headers].filter(
    ([name]) => !['x-request-id', 'date', 'ratelimit', 'content-length'].includes(name),
  )
  return JSON.stringify([answer.status, headers, text])
}
