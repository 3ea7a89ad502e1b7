import { expect } from 'chai'
import { z } from 'zod'
import { permissions as ownPermissions } from '../permissions.js'
import { services as ownServices } from '../services.js'
import { AssemblyError, assemble } from './assemble.js'
import { defineJob, type JobSpec } from './define-job.js'
import { definePolicy } from './define-policy.js'
import { can, defineRoute, open, type RouteRecord, unaudited } from './define-route.js'
import { defineService, type ServiceRecord } from './define-service.js'
import type { PermissionMatrix, PermissionRow } from './permissions.js'
import type { Role } from './principal.js'
import { nothing } from './schema.js'

const row: PermissionRow = { may: 'do things', level: 'tenant', roles: ['user'], scope: 'things:do' }
const permissions: PermissionMatrix = { 'things.do': row }

function route(more: Partial<RouteRecord> = {}): RouteRecord {
  const record = defineRoute({
    id: 'doThings',
    method: 'get',
    path: '/things',
    summary: 'Do things',
    access: can('things.do'),
    limit: 'read',
    audit: unaudited('a test'),
    input: {},
    output: nothing,
    handler: () => ({}),
  })
  return { ...record, ...more }
}

function service(name: string, more: Partial<ServiceRecord> = {}): ServiceRecord {
  return defineService({ name, summary: 'a test', prefix: `/${name}`, needs: [], routes: [], ...more })
}

const job = (name: string) =>
  defineJob({
    name,
    payload: nothing,
    attempts: 1,
    timeoutMs: 1_000,
    safeToRepeat: 'a test',
    run: async () => undefined,
  })

/** The problems that boot would stop with. */
function problemsOf(
  services: ServiceRecord[],
  matrix: PermissionMatrix = permissions,
  only?: string[],
): readonly string[] {
  try {
    assemble(services, matrix, only)
    return []
  } catch (error) {
    if (error instanceof AssemblyError) return error.problems
    throw error
  }
}

describe('assembling the services', () => {
  it('finds nothing wrong with VetrAI’s own, however few that need no others are mounted', () => {
    expect(problemsOf([...ownServices], ownPermissions)).to.deep.equal([])
    for (const { name, needs } of ownServices) {
      if (needs.length === 0) expect(problemsOf([...ownServices], ownPermissions, [name])).to.deep.equal([])
    }
  })

  it('sorts each service behind what it needs, and keeps only those asked for', () => {
    const all = [service('c', { needs: ['b'] }), service('b', { needs: ['a'] }), service('a'), service('d')]
    expect(assemble(all, {}).services.map(({ name }) => name)).to.deep.equal(['a', 'b', 'c', 'd'])
    expect(assemble(all, {}, ['b', 'a']).services.map(({ name }) => name)).to.deep.equal(['a', 'b'])
  })

  it('mounts routes below the version, or beside it where they say so', () => {
    const { routes } = assemble(
      [service('a', { routes: [route(), route({ id: 'keys', path: '//.well-known/keys' })] })],
      permissions,
    )
    expect(routes.map(({ path }) => path)).to.deep.equal(['/a/v1/things', '/a/.well-known/keys'])
  })

  const refusals: Record<string, [services: ServiceRecord[], problem: string | RegExp]> = {
    'a need that is nowhere': [
      [service('a', { needs: ['b'] })],
      'service "a" needs "b", which is not in server/services.ts',
    ],
    'a circle of needs': [
      [service('a', { needs: ['b'] }), service('b', { needs: ['c'] }), service('c', { needs: ['a'] })],
      'services need each other in a circle: a → b → c → a',
    ],
    'a service that needs itself': [
      [service('a', { needs: ['a'] })],
      'services need each other in a circle: a → a',
    ],
    'two services of one name': [
      [service('a'), service('a', { prefix: '/b' })],
      'the service "a" is declared twice',
    ],
    'two services under one prefix': [
      [service('a'), service('b', { prefix: '/a' })],
      'the prefix "/a" is declared twice',
    ],
    'two routes at one address': [
      [
        service('a', {
          routes: [
            route({ path: '/x/:one', input: params('one') }),
            route({ id: 'other', path: '/x/:two', input: params('two') }),
          ],
        }),
      ],
      'the route "GET /a/v1/x/:x" is declared twice',
    ],
    'two routes of one operationId': [
      [service('a', { routes: [route(), route({ path: '/other' })] })],
      'the operationId "doThings" is declared twice',
    ],
    'two jobs of one name': [
      [service('a', { jobs: [job('a.tidy'), job('a.tidy')] })],
      'the job "a.tidy" is declared twice',
    ],
    'a route that takes bytes of no type': [
      [service('a', { routes: [route({ accepts: 'bytes' })] })],
      'GET /a/v1/things: a route that accepts bytes must give `mediaTypes`',
    ],
    'a route whose page has another output': [
      [service('a', { routes: [route({ produces: 'page' })] })],
      'GET /a/v1/things: a route that produces a page has the output `pageContent`',
    ],
    'a route with an unknown permission': [
      [service('a', { routes: [route({ access: can('things.undo') })] })],
      'GET /a/v1/things: the permission "things.undo" is not in server/permissions.ts',
    ],
    'a permission by the name of JavaScript’s own': [
      [service('a', { routes: [route({ access: can('constructor') })] })],
      /"constructor" is not in/,
    ],
    'a policy that judges an unknown permission': [
      [service('a', { policies: [definePolicy('a', { 'things.undo': () => true })] })],
      'policy of "a" judges the unknown permission "things.undo"',
    ],
    'two policies that judge one permission': [
      [
        service('a', {
          policies: [
            definePolicy('a', { 'things.do': () => true }),
            definePolicy('a', { 'things.do': () => false }),
          ],
        }),
      ],
      'two policies judge "things.do"',
    ],
    'a handler of an event that nobody declares': [
      [service('a', { on: { 'keys.key.revoked': async () => undefined } })],
      'service "a" handles the event "keys.key.revoked", which nobody declares',
    ],
    'a declaration of another service’s event': [
      [service('a', { events: { 'keys.key.revoked': { about: 'Not ours.', example: { keyId: '' } } } })],
      'service "a" declares the event "keys.key.revoked", which is not its own',
    ],
    'a created thing without its address': [
      [service('a', { routes: [route({ method: 'post', status: 201 })] })],
      /must give `location`/,
    ],
    'a GET with a body': [[service('a', { routes: [route({ input: { body: nothing } })] })], /takes no body/],
    'path parameters without a schema': [[service('a', { routes: [route({ path: '/:id' })] })], /no schema/],
    'path parameters that the schema names otherwise': [
      [service('a', { routes: [route({ path: '/:thingId', input: params('id') })] })],
      /the path names thingId, input.params names id/,
    ],
    'an audited GET without a transaction': [
      [service('a', { routes: [route({ audit: { action: 'thing.read' }, transaction: 'manual' })] })],
      /needs a transaction/,
    ],
  }
  for (const [name, [services, problem]] of Object.entries(refusals)) {
    it(`refuses ${name}`, () => {
      const problems = problemsOf(services)
      expect(problems).to.have.length(1)
      if (typeof problem === 'string') expect(problems[0]).to.equal(problem)
      else expect(problems[0]).to.match(problem)
    })
  }

  for (const field of [
    'id',
    'path',
    'summary',
    'access',
    'limit',
    'audit',
    'input',
    'output',
    'handler',
  ] as const) {
    it(`refuses a route without its ${field}`, () => {
      const { [field]: _left, ...incomplete } = route()
      expect(problemsOf([service('a', { routes: [incomplete as RouteRecord] })])).to.include.members([
        `GET /a/v1${field === 'path' ? '' : '/things'}: "${field}" is missing`,
      ])
    })
  }

  it('refuses permissions that give a membership’s role power across tenants, or name what does not exist', () => {
    const problems = problemsOf([], {
      wide: { ...row, level: 'installation', roles: ['super_admin', 'org_admin'] },
      misspelt: { ...row, roles: ['king' as Role] },
      star: { ...row, scope: 'things:*' },
      odd: { ...row, scope: 'things' },
    })
    expect(problems).to.have.length(4)
    expect(problems[0]).to.equal('permission "wide" works across tenants and cannot be given to "org_admin"')
    expect(problems[1]).to.equal('permission "misspelt" names the unknown role "king"')
    expect(problems[2]).to.contain('"things:*"')
  })

  it('refuses VETRAI_SERVICES that names a stranger, or leaves out what another needs', () => {
    const all = [service('a'), service('b', { needs: ['a'] })]
    expect(problemsOf(all, {}, ['a', 'z'])).to.deep.equal([
      'VETRAI_SERVICES names "z", which is not in server/services.ts',
    ])
    expect(problemsOf(all, {}, ['b'])).to.deep.equal([
      'service "b" needs "a", which VETRAI_SERVICES leaves out',
    ])
  })

  it('lists all problems at once', () => {
    const services = [
      service('a', {
        needs: ['x'],
        routes: [route({ access: can('y') }), route({ access: open('why not'), path: '/z' })],
      }),
    ]
    expect(problemsOf(services)).to.have.length(3)
    expect(() => assemble(services, permissions)).to.throw(
      AssemblyError,
      /needs "x"[\s\S]*"doThings"[\s\S]*"y"/,
    )
  })
})

describe('declaring a job', () => {
  it('refuses a name that is no service.verb-noun, and a periodic one that needs a payload', () => {
    expect(() => job('Tidy')).to.throw(TypeError)
    const needy = { payload: z.strictObject({ id: z.string() }), period: { everySeconds: 60 } }
    expect(() =>
      defineJob({ ...(job('a.tidy') as JobSpec<unknown>), ...needy } as JobSpec<unknown>),
    ).to.throw(TypeError, /empty payload/)
  })
})

function params(name: string) {
  return { params: z.strictObject({ [name]: z.string() }) }
}
