import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { tenantTable } from '../migrations/helpers/tables.js'
import type { Ctx } from '../server/kernel/context.js'
import { can, defineRoute, open, signedIn, unaudited } from '../server/kernel/define-route.js'
import { defineService, type ServiceRecord } from '../server/kernel/define-service.js'
import { kernelErrors } from '../server/kernel/errors.js'
import { newId } from '../server/kernel/ids.js'
import { paginate } from '../server/kernel/pagination.js'
import type { PermissionMatrix } from '../server/kernel/permissions.js'
import { ROLES, type Role, type UserPrincipal } from '../server/kernel/principal.js'
import { id, jsonObject, listOf, noContent, page, shortText, timestamp } from '../server/kernel/schema.js'
import { connectOwner } from '../server/storage/migrations.js'
import { Caller } from './caller.js'
import { type ServerOptions, type TestServer, useServer } from './server.js'
import { databaseUrl, ROLE_PASSWORDS, stores } from './stores.js'

/** A small complete service, for tests of everything around services. Its credentials say who the caller is. */
export const notesPermissions: PermissionMatrix = {
  'notes.read': { may: 'read notes', level: 'tenant', roles: ['user', 'org_admin'], scope: 'notes:read' },
  'notes.write': { may: 'write notes', level: 'tenant', roles: ['org_admin'], scope: 'notes:write' },
}

/** The credential of a person in a tenant. */
export function credentialFor(tenantId: string | null, role: Role = 'org_admin', userId = newId()): string {
  return `test:${tenantId ?? ''}:${role}:${userId}`
}

function principalOf(credential: string): UserPrincipal | null {
  const [, tenantId, role, userId] = credential.split(':')
  const known = ROLES.find((one) => one === role)
  if (!known || !userId || tenantId === undefined) return null
  return {
    kind: 'user',
    via: 'opaque',
    id: userId,
    email: 'somebody@example.com',
    tenant: tenantId === '' ? null : { id: tenantId, slug: `slug-${tenantId}`, status: 'active' },
    roles: [known],
    scopes: null,
    sessionId: null,
    aal: 1,
    authenticatedAt: 0,
    hasFactor: false,
    impersonatorId: null,
  }
}

interface NoteRow extends Record<string, unknown> {
  id: string
  body: string
  tag: string
  version: number
  createdAt: Date
}

const note = z
  .strictObject({
    id: id('note'),
    body: z.string(),
    tag: z.string(),
    version: z.int(),
    created_at: timestamp,
  })
  .meta({ id: 'Note' })
const noteParams = z.strictObject({ noteId: id('note') })
const COLUMNS = 'id, body, tag, version, created_at as "createdAt"'

const present = (row: NoteRow) => ({
  id: row.id,
  body: row.body,
  tag: row.tag,
  version: row.version,
  created_at: row.createdAt.toISOString(),
})

async function find(ctx: Ctx, noteId: string): Promise<NoteRow> {
  const [row] = await ctx.db.query<NoteRow>({
    text: `select ${COLUMNS} from notes where id = $1`,
    values: [noteId],
  })
  if (!row) throw new kernelErrors.NotFound()
  return row
}

async function insert(ctx: Ctx, body: string, tag: string): Promise<NoteRow> {
  const [row] = await ctx.db.query<NoteRow>({
    text: `insert into notes (tenant_id, id, body, tag) values ($1, $2, $3, $4) returning ${COLUMNS}`,
    values: [ctx.tenant.id, newId(), body, tag],
  })
  if (!row) throw new kernelErrors.Internal()
  return row
}

const routes = [
  defineRoute({
    id: 'createNote',
    method: 'post',
    path: '/notes',
    summary: 'Write a note',
    access: can('notes.write'),
    limit: 'write',
    audit: { action: 'note.created', target: 'result.id' },
    input: {
      body: z.strictObject({ body: shortText({ max: 500 }), tag: shortText({ max: 20 }).default('none') }),
    },
    output: note,
    status: 201,
    location: (output) => `/notes/v1/notes/${output.id}`,
    handler: async (ctx, { body }) => present(await insert(ctx, body.body, body.tag)),
  }),
  defineRoute({
    id: 'listNotes',
    method: 'get',
    path: '/notes',
    summary: 'Notes, newest first',
    access: can('notes.read'),
    limit: 'read',
    audit: unaudited('a list'),
    input: { query: z.strictObject({ ...page, tag: shortText({ max: 20 }).optional() }) },
    output: listOf(note),
    handler: (ctx, { query }) =>
      paginate(
        ctx,
        'notes',
        query,
        ({ after, limit }) =>
          ctx.db.query<NoteRow>({
            text: `select ${COLUMNS} from notes where ($1::text is null or tag = $1)
                 and ($2::timestamptz is null or (created_at, id) < ($2, $3)) order by created_at desc, id desc limit $4`,
            values: [query.tag ?? null, after?.createdAt ?? null, after?.id ?? null, limit],
          }),
        present,
      ),
  }),
  defineRoute({
    id: 'readNote',
    method: 'get',
    path: '/notes/:noteId',
    summary: 'One note',
    access: can('notes.read'),
    limit: 'read',
    audit: unaudited('a read'),
    input: { params: noteParams },
    output: note,
    etag: true,
    handler: async (ctx, { params }) => present(await find(ctx, params.noteId)),
  }),
  defineRoute({
    id: 'updateNote',
    method: 'patch',
    path: '/notes/:noteId',
    summary: 'Change a note',
    access: can('notes.write'),
    limit: 'write',
    audit: { action: 'note.updated', target: 'params.noteId' },
    input: { params: noteParams, body: z.strictObject({ body: shortText({ max: 500 }) }) },
    output: note,
    handler: async (ctx, { params, body }) => {
      await ctx.db.query({
        text: 'update notes set body = $2, version = version + 1 where id = $1',
        values: [params.noteId, body.body],
      })
      return present(await find(ctx, params.noteId))
    },
  }),
  defineRoute({
    id: 'deleteNote',
    method: 'delete',
    path: '/notes/:noteId',
    summary: 'Delete a note',
    access: can('notes.write'),
    limit: 'write',
    audit: { action: 'note.deleted', target: 'params.noteId' },
    input: { params: noteParams },
    output: noContent,
    status: 204,
    handler: async (ctx, { params }) => {
      await ctx.db.query({ text: 'delete from notes where id = $1', values: [params.noteId] })
      return undefined
    },
  }),
  defineRoute({
    id: 'failOnPurpose',
    method: 'post',
    path: '/failures',
    summary: 'Writes a note, then fails in some way',
    access: can('notes.write'),
    limit: 'write',
    audit: { action: 'note.failed', refusals: true },
    input: { body: z.strictObject({ how: z.string(), ms: z.int().default(0) }) },
    output: z.strictObject({ ok: z.literal(true) }),
    handler: async (ctx, { body }) => {
      await insert(ctx, `failure ${body.how}`, 'failure')
      await sleep(body.ms)
      return (await FAILURES[body.how]?.(ctx)) as { ok: true }
    },
  }),
  defineRoute({
    id: 'echo',
    method: 'post',
    path: '/echo',
    summary: 'Answers what it was sent',
    access: open('tests of reading input'),
    limit: 'probe',
    audit: unaudited('nothing happens'),
    transaction: 'manual',
    input: {
      query: z.strictObject({ q: z.string().optional() }),
      body: z.strictObject({
        text: z.string().optional(),
        meta: jsonObject({ maxBytes: 1_000_000 }).optional(),
        list: z.array(z.string()).optional(),
      }),
    },
    output: z.strictObject({
      text: z.string().optional(),
      meta: z.json().optional(),
      list: z.array(z.string()).optional(),
      ip: z.string(),
      trace: z.string(),
      who: z.string().nullable(),
    }),
    handler: (ctx, { body }) => ({
      ...body,
      ip: ctx.ip,
      trace: ctx.traceId,
      who: ctx.principalOrNull?.id ?? null,
    }),
  }),
  defineRoute({
    id: 'whoAmI',
    method: 'get',
    path: '/me',
    summary: 'Who calls',
    access: signedIn('one’s own identity'),
    limit: 'auth',
    audit: unaudited('a read'),
    transaction: 'manual',
    input: {},
    output: z.strictObject({ id: z.string() }),
    cache: 'private, max-age=5',
    handler: (ctx) => ({ id: ctx.principal.id }),
  }),
  defineRoute({
    id: 'token',
    method: 'post',
    path: '/token',
    summary: 'An OAuth route',
    access: open('tests of forms'),
    limit: 'probe',
    audit: unaudited('nothing happens'),
    accepts: 'form',
    errorFormat: 'oauth',
    transaction: 'manual',
    input: { body: z.strictObject({ token: z.string().min(3) }) },
    output: z.strictObject({ token: z.string() }),
    handler: (_ctx, { body }) => body,
  }),
  defineRoute({
    id: 'wellKnown',
    method: 'get',
    path: '//.well-known/notes.json',
    summary: 'Outside of v1',
    access: open('public'),
    limit: 'probe',
    audit: unaudited('a read'),
    transaction: 'manual',
    input: {},
    output: z.strictObject({ ok: z.boolean() }),
    handler: () => ({ ok: true }),
  }),
]

/** What the failing route can do after it wrote a note. */
const FAILURES: Readonly<Record<string, (ctx: Ctx) => unknown>> = {
  output: () => ({ ok: true, password_hash: 'canary-output' }),
  error: () => {
    throw new Error('canary-message at /etc/secret')
  },
  sql: (ctx) => ctx.db.query({ text: "select 'canary-value'::uuid" }),
  unique: (ctx) => ctx.db.query({ text: 'insert into notes select * from notes' }),
  missing: (ctx) => ctx.db.query({ text: 'select * from canary_table' }),
  forbidden: () => {
    throw new kernelErrors.Forbidden({ permission: 'notes.fail' })
  },
  bigint: () => ({ ok: 1n }),
  slow: () => ({ ok: true }),
  fine: () => ({ ok: true }),
}

export const notesService: ServiceRecord = defineService({
  name: 'notes',
  summary: 'Notes, for tests of the kernel.',
  prefix: '/notes',
  needs: [],
  routes,
  authenticators: [
    { prefixes: ['test:'], authenticate: (_resources, credential) => principalOf(credential) },
  ],
})

/** A server that mounts the notes service only, and its table. */
export class NotesServer {
  constructor(readonly server: TestServer) {}

  /** Somebody of a tenant (a new one unless given). */
  caller(tenantId: string | null = newId(), role: Role = 'org_admin'): Caller & { tenantId: string | null } {
    const caller = new Caller(this.server.url, { token: credentialFor(tenantId, role) })
    return Object.assign(caller, { tenantId })
  }

  /** Notes stored, of all tenants, by a condition. */
  async count(where = 'true'): Promise<number> {
    const { db } = this.server.resources
    const [row] = await db.readSystem<{ count: number }>({
      text: `select count(*) from notes where ${where}`,
    })
    return Number(row?.count)
  }

  get anonymous(): Caller {
    return this.server.anonymous
  }
  get url(): string {
    return this.server.url
  }
}

/** The notes service on a server for the tests of the enclosing `describe`. */
export function useNotes(options: ServerOptions = {}): NotesServer {
  const server = useServer({ services: [notesService], permissions: notesPermissions, ...options })
  before(async () => {
    const owner = await connectOwner(databaseUrl(await stores(), server.databaseName), ROLE_PASSWORDS.owner)
    const columns = { body: 'text not null', tag: 'text not null', version: 'integer not null default 1' }
    for (const statement of tenantTable('notes', columns)) await owner.query(statement)
    await owner.end()
  })
  return new NotesServer(server)
}
