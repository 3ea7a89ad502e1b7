import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { tenantTable } from '../migrations/helpers/tables.js'
import type { Ctx } from '../server/kernel/context.js'
import { can, defineRoute, open, unaudited } from '../server/kernel/define-route.js'
import { defineService } from '../server/kernel/define-service.js'
import { defineStream, type StreamHandle } from '../server/kernel/define-stream.js'
import { kernelErrors } from '../server/kernel/errors.js'
import { newId } from '../server/kernel/ids.js'
import type { PermissionMatrix } from '../server/kernel/permissions.js'
import { id, nothing, shortText } from '../server/kernel/schema.js'
import { permissions } from '../server/permissions.js'
import { services } from '../server/services.js'
import { follow } from '../server/storage/follow.js'
import { connectOwner } from '../server/storage/migrations.js'
import { type ServerOptions, type TestServer, useServer } from './server.js'
import { databaseUrl, ROLE_PASSWORDS, stores } from './stores.js'

/**
 * Feeds, whose items are followed as they are written, and streams that misbehave; mounted beside VetrAI's own
 * services, so that real credentials open them.
 */
const feedPermissions: PermissionMatrix = {
  'feeds.read': {
    may: 'read feeds',
    level: 'tenant',
    roles: ['super_admin', 'support_agent', 'org_admin', 'user'],
    scope: 'feeds:read',
  },
  'feeds.write': {
    may: 'write feeds',
    level: 'tenant',
    roles: ['super_admin', 'org_admin'],
    scope: 'feeds:write',
  },
}

/** What became of the handlers of streams. */
export const handlers = { begun: 0, aborted: 0, finished: 0, drops: 0 }

const TOPIC = 'test-feeds'
const feedParams = z.strictObject({ feedId: id('feed') })
const item = z.strictObject({ number: z.int(), body: z.string() }).meta({ id: 'FeedItem' })
type Item = z.infer<typeof item>

async function createFeed(ctx: Ctx): Promise<string> {
  const feedId = newId()
  await ctx.db.execute({
    text: 'insert into feeds (tenant_id, id) values ($1, $2)',
    values: [ctx.tenant.id, feedId],
  })
  return feedId
}

/** Numbers are given under the lock of the feed's row, so that a higher one never becomes visible before a lower. */
async function appendItem(ctx: Ctx, feedId: string, body: string): Promise<Item> {
  const [feed] = await ctx.db.query<{ last: number }>({
    text: 'update feeds set last = last + 1 where id = $1 returning last',
    values: [feedId],
  })
  if (!feed) throw new kernelErrors.NotFound()
  await ctx.db.execute({
    text: 'insert into feed_items (tenant_id, feed_id, number, body) values ($1, $2, $3, $4)',
    values: [ctx.tenant.id, feedId, feed.last, body],
  })
  ctx.afterCommit(() => ctx.bus.publish(TOPIC, feedId))
  return { number: feed.last, body }
}

async function findFeed(ctx: Ctx, feedId: string): Promise<string> {
  const [feed] = await ctx.db.query<{ id: string }>({
    text: 'select id from feeds where id = $1',
    values: [feedId],
  })
  if (!feed) throw new kernelErrors.NotFound()
  return feed.id
}

async function* itemsOf(ctx: Ctx, feedId: string, { lastEventId, signal }: StreamHandle<number>) {
  handlers.begun += 1
  signal.addEventListener('abort', () => {
    handlers.aborted += 1
  })
  const items = follow<Item, number>({
    bus: ctx.bus,
    topic: TOPIC,
    means: (message) => message === feedId,
    after: lastEventId ?? 0,
    read: (after, limit) =>
      ctx.db.readTenant(ctx.tenant.id, {
        text: 'select number, body from feed_items where tenant_id = ctx.t::uuid and feed_id = $2 and number > $3 order by number limit $4',
        values: [feedId, after, limit],
      }),
    cursorOf: ({ number }) => number,
    isLast: ({ body }) => body === 'last',
    signal,
  })
  try {
    for await (const data of items) yield { id: String(data.number), event: 'item' as const, data }
  } finally {
    handlers.finished += 1
  }
}

/** The time, again and again. */
async function* ticks(signal: AbortSignal) {
  while (!signal.aborted) {
    yield { event: 'tick' as const, data: performance.now() }
    await sleep(20)
  }
}

type Word = { event: 'word'; data: string }

async function* flood(bytes: number) {
  for (;;) yield { event: 'word' as const, data: 'x'.repeat(bytes) }
}

/** Streams that do what no stream should. */
const BEHAVIOURS: Readonly<Record<string, (handle: StreamHandle) => AsyncIterable<Word> | null>> = {
  nothing: () => null,
  async *drizzle() {
    for (;;) {
      handlers.drops += 1
      yield { event: 'word', data: '.' }
    }
  },
  flood: () => flood(10_000),
  async *throws() {
    yield { event: 'word', data: 'before' }
    throw new Error('canary-stream at /etc/secret')
  },
  async *misfit() {
    yield { event: 'word', data: 'before' }
    yield { event: 'word', data: { password_hash: 'canary-stream' } as unknown as string }
  },
  async *silent({ signal }) {
    yield { event: 'word', data: await sleep(3_600_000, 'late', { signal }) }
  },
  async *deaf() {
    yield { event: 'word', data: await new Promise<string>(() => undefined) }
  },
}

const routes = [
  defineRoute({
    id: 'createFeed',
    method: 'post',
    path: '/feeds',
    summary: 'Make a feed',
    access: can('feeds.write'),
    limit: 'write',
    audit: { action: 'feed.created', target: 'result.id' },
    input: { body: nothing.default({}) },
    output: z.strictObject({ id: id('feed') }),
    handler: async (ctx) => ({ id: await createFeed(ctx) }),
  }),
  defineRoute({
    id: 'appendItem',
    method: 'post',
    path: '/feeds/:feedId/items',
    summary: 'Append to a feed',
    access: can('feeds.write'),
    limit: 'write',
    audit: unaudited('a test'),
    input: { params: feedParams, body: z.strictObject({ body: shortText({ max: 500 }) }) },
    output: item,
    handler: (ctx, { params, body }) => appendItem(ctx, params.feedId, body.body),
  }),
  defineStream({
    id: 'followFeed',
    path: '/feeds/:feedId/events',
    summary: 'The items of a feed, as they are written',
    access: can('feeds.read'),
    limit: 'read',
    audit: { action: 'feed.followed', target: 'params.feedId' },
    input: { params: feedParams },
    events: { item },
    eventId: z
      .string()
      .regex(/^\d{1,15}$/)
      .transform(Number),
    handler: async (ctx, { params }, stream) => itemsOf(ctx, await findFeed(ctx, params.feedId), stream),
  }),
  defineStream({
    id: 'followTime',
    path: '/ticks',
    summary: 'The time',
    access: can('feeds.read'),
    limit: 'read',
    audit: unaudited('a test'),
    input: {},
    events: { tick: z.number() },
    handler: async (_ctx, _input, { signal }) => ticks(signal),
  }),
  defineStream({
    id: 'misbehave',
    path: '/behaviours/:name',
    summary: 'A stream that does what none should',
    access: open('a test'),
    limit: 'probe',
    audit: unaudited('a test'),
    transaction: 'manual',
    input: { params: z.strictObject({ name: z.enum(Object.keys(BEHAVIOURS)) }) },
    events: { word: z.string() },
    handler: async (_ctx, { params }, stream) => BEHAVIOURS[params.name]?.(stream) ?? null,
  }),
]

const feedsService = defineService({
  name: 'feeds',
  summary: 'Feeds, for tests of streams.',
  prefix: '/feeds',
  needs: ['auth', 'tenancy', 'keys'],
  routes,
})

/** Options of a server that mounts the feeds service beside VetrAI's own. */
export const feedsOptions: ServerOptions = {
  services: [...services, feedsService],
  permissions: { ...permissions, ...feedPermissions },
  settings: { STREAM_HEARTBEAT_MS: '100' },
}

/** VetrAI and the feeds service on a server for the tests of the enclosing `describe`. */
export function useFeeds(settings: Record<string, string> = {}): TestServer {
  const server = useServer({ ...feedsOptions, settings: { ...feedsOptions.settings, ...settings } })
  before(async () => {
    const owner = await connectOwner(databaseUrl(await stores(), server.databaseName), ROLE_PASSWORDS.owner)
    const items = { feed_id: 'uuid not null', number: 'bigint not null', body: 'text not null' }
    const tables = [
      ...tenantTable('feeds', { last: 'bigint not null default 0' }),
      ...tenantTable('feed_items', items, { primaryKey: 'feed_id, number' }),
    ]
    for (const statement of tables) await owner.query(statement)
    await owner.end()
  })
  return server
}
