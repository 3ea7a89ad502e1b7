import { expect } from 'chai'
import fc from 'fast-check'
import { z } from 'zod'
import type { MountedRoute } from '../server/kernel/assemble.js'
import { buildKey, buildMember, buildStaff, buildTenant, unique } from './build.js'
import type { Answer, Caller } from './caller.js'
import { useServer } from './server.js'

/** Rounds over all routes; set FUZZ_ROUNDS to look longer. */
const ROUNDS = Number(process.env.FUZZ_ROUNDS ?? 4)

/** The same values each time, so that a failure can be had again; set FUZZ_SEED to look elsewhere. */
let seed = Number(process.env.FUZZ_SEED ?? 20_261_122)

const NASTY = [
  ...[
    '',
    ' ',
    '\0',
    '\u0001',
    '\ud800',
    '\u202e',
    '__proto__',
    'constructor',
    'null',
    '*',
    '%',
    '%00',
    "'",
    '--',
  ],
  ...['-1', '1e309', '9007199254740993', '0190d9c8-0000-7000-8000-000000000000', '2026-02-30T25:00:00Z'],
  ...[
    '0001-01-01T00:00:00Z',
    '9999-12-31T23:59:59.999Z',
    '::1',
    '10.0.0.0/8',
    'a@b.co',
    'org_admin',
    'none',
    'live',
  ],
  ...['super_admin', 'auth:*', '../../etc/passwd', 'http://127.0.0.1', 'x'.repeat(5_000), 'é'.repeat(120)],
]

interface JsonSchema {
  type?: string
  enum?: unknown[]
  const?: unknown
  properties?: Record<string, JsonSchema>
  required?: string[]
  items?: JsonSchema
  anyOf?: JsonSchema[]
  oneOf?: JsonSchema[]
  format?: string
}

/** Values that mostly fit a schema and often sit on its edge, and now and then anything at all. */
function valuesOf(schema: JsonSchema, known: readonly string[]): fc.Arbitrary<unknown> {
  const anything = fc.oneof(fc.constantFrom<unknown>(...NASTY, ...known), fc.jsonValue({ maxDepth: 3 }))
  return fc.oneof({ weight: 6, arbitrary: fitting(schema, known) }, { weight: 1, arbitrary: anything })
}

function fitting(schema: JsonSchema, known: readonly string[]): fc.Arbitrary<unknown> {
  const choices = schema.anyOf ?? schema.oneOf
  if (choices) return fc.oneof(...choices.map((one) => valuesOf(one, known)))
  if (schema.const !== undefined) return fc.constant(schema.const)
  if (schema.enum) return fc.constantFrom(...schema.enum)
  if (schema.type === 'object') {
    const fields = Object.entries(schema.properties ?? {}).map(
      ([name, field]) => [name, valuesOf(field, known)] as const,
    )
    if (fields.length === 0) return fc.dictionary(fc.constantFrom(...NASTY), fc.jsonValue())
    return fc.record(Object.fromEntries(fields), { requiredKeys: (schema.required ?? []) as never[] })
  }
  if (schema.type === 'array') return fc.array(valuesOf(schema.items ?? {}, known), { maxLength: 4 })
  if (schema.type === 'boolean') return fc.boolean()
  if (schema.type === 'integer' || schema.type === 'number') {
    return fc.oneof(fc.constantFrom(0, -0, 1, -1, 2 ** 31, 2 ** 53, 1e15, 1e308, 0.1), fc.integer())
  }
  if (schema.format === 'email') return fc.integer().map((n) => `fuzz${n}@example.com`)
  return fc.constantFrom(...NASTY, ...known)
}

describe('whatever is sent', function () {
  this.timeout(600_000)
  const server = useServer({ settings: { LOG_LEVEL: 'warn' } })

  it('is answered by what the operation documents, never by a failure of the server', async () => {
    const { callers, known } = await people()
    const failures: string[] = []
    for (let round = 0; round < ROUNDS; round++) {
      for (const route of server.resources.assembly.routes) {
        const [sent, answer] = await shoot(route, callers, known)
        if (answer instanceof Error) failures.push(`${sent}: ${answer.message}`)
        else if (answer.status >= 500 && answer.status !== 503)
          failures.push(`${answer.status} ${sent}\n${server.logs.splice(0).slice(-2).join('')}`)
      }
    }
    if (failures.length > 0) throw new Error(failures.slice(0, 20).join('\n'))
    expect((await server.get('/healthz')).status).to.equal(200)
  })

  async function people() {
    const [admin, other, agent, spare] = [
      await buildMember(server),
      await buildMember(server),
      await buildStaff(server, 'support_agent'),
      await buildTenant(server),
    ]
    const member = await buildMember(server, { tenant: admin.tenant, role: 'user' })
    const key = await buildKey(admin, ['*'])
    const quota = unique('q').replaceAll('-', '.')
    await server.operator.in(admin.tenant.id).put(`/tenancy/v1/quotas/${quota}`, { limit: 10 })
    const callers = [
      ...[server.anonymous, server.operator, server.operator.in(admin.tenant.slug), admin.api, admin.api],
      ...[member.api, other.api, agent.api.in(admin.tenant.id), server.as(key.key)],
    ]
    const known = [
      ...[admin.id, member.id, member.email, other.id, key.id, key.key, spare.id, spare.slug, quota],
      ...[admin.tenant.id, admin.tenant.slug, admin.refreshToken, other.token],
    ]
    return { callers, known }
  }

  async function shoot(
    route: MountedRoute,
    callers: readonly Caller[],
    known: readonly string[],
  ): Promise<[string, Answer | Error]> {
    const pick = <T>(arbitrary: fc.Arbitrary<T>) => fc.sample(arbitrary, { numRuns: 1, seed: seed++ })[0] as T
    const { record } = route
    const caller = pick(fc.constantFrom(...callers))
    const path = route.path.replace(/:[a-zA-Z]+/g, () => encodeURIComponent(wellFormed(pick(word(known)))))
    const query = record.input.query ? pick(valuesOf(schemaOf(record.input.query), known)) : {}
    const search = new URLSearchParams(
      Object.entries(query ?? {}).map(([name, value]): [string, string] => [
        name,
        typeof value === 'string' ? value : (JSON.stringify(value) ?? ''),
      ]),
    )
    const body = record.input.body ? pick(valuesOf(schemaOf(record.input.body), known)) : undefined
    const headers = pick(
      fc.record(
        {
          'idempotency-key': fc.constantFrom('a', 'b', 'x'.repeat(255)),
          'if-match': fc.constantFrom('*', '"a"', 'W/"a"', '"', ','),
          'if-none-match': fc.constantFrom('*', '"a"'),
          'last-event-id': fc.constantFrom('0', '-1', "'", 'é', '01970000-0000-7000-8000-000000000000'),
          'x-request-id': fc.constantFrom('12345678', '\x7f'.slice(1)),
        },
        { requiredKeys: [] },
      ),
    ) as Record<string, string>
    const address = `${path}?${search}`.slice(0, 4_000)
    const sent = `${record.method.toUpperCase()} ${address} ${JSON.stringify(headers)} ${JSON.stringify(body)}`
    try {
      if (record.accepts === 'form') return [sent, await caller.with(headers).form(path, formOf(body))]
      const text = body === undefined ? undefined : JSON.stringify(body)
      return [sent, await caller.call(record.method.toUpperCase(), address, { headers, body: text })]
    } catch (error) {
      return [sent, error as Error]
    }
  }
})

function word(known: readonly string[]): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...known) },
    { weight: 1, arbitrary: fc.constantFrom(...NASTY.filter((text) => text !== '')) },
  )
}

/** What is no set of fields is sent as one. */
function formOf(body: unknown): Record<string, string> {
  const fields = typeof body === 'object' && body !== null ? Object.entries(body) : [['token', body]]
  return Object.fromEntries(fields.map(([name, value]) => [String(name), String(JSON.stringify(value))]))
}

function wellFormed(text: string): string {
  return text.replace(/[\ud800-\udfff]/g, '?')
}

function schemaOf(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema
}
