import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { expectRejection } from '../../test/expect-rejection.js'
import { startTwin, type TestServer, useServer } from '../../test/server.js'
import { asAdmin, stores } from '../../test/stores.js'
import { backgroundContext } from '../kernel/context.js'
import { defineService, type EventHandler } from '../kernel/define-service.js'
import { defineEvents, type EventName } from '../kernel/events.js'
import { newId } from '../kernel/ids.js'
import { OutboxDispatcher } from './outbox.js'

declare module '../kernel/events.js' {
  interface Events {
    'test.note.written': { text: string }
  }
}

type Handler = EventHandler<'test.note.written'>

/** The service whose event it is, two that hear it and one that hears every event; each test sets what they do. */
function listeners() {
  const does: { first: Handler; second: Handler; every: EventHandler<EventName> } = {
    first: async () => undefined,
    second: async () => undefined,
    every: async () => undefined,
  }
  const teller = defineService({
    name: 'test',
    summary: 'tells of notes',
    prefix: '/test',
    needs: [],
    routes: [],
    events: defineEvents('test', {
      'test.note.written': { about: 'A note was written.', example: { text: 'hello' } },
    }),
    onEvery: (ctx, event) => does.every(ctx, event),
  })
  const service = (name: 'first' | 'second') =>
    defineService({
      name,
      summary: 'hears notes',
      prefix: `/${name}`,
      needs: [],
      routes: [],
      on: { 'test.note.written': (ctx, event) => does[name](ctx, event) },
    })
  return { does, services: [teller, service('first'), service('second')] }
}

describe('the outbox', () => {
  const { does, services } = listeners()
  const server = useServer({ services, permissions: {} })
  let heard: string[]

  beforeEach(async () => {
    heard = []
    does.first = async (_ctx, { payload }) => void heard.push(`first ${payload.text}`)
    does.second = async (_ctx, { payload }) => void heard.push(`second ${payload.text}`)
    does.every = async () => undefined
    await admin('delete from outbox')
  })

  it('delivers an event to every service that hears it, once, with its tenant and time', async () => {
    const tenantId = newId()
    does.second = async (ctx, event) => {
      heard.push(`second ${event.payload.text}`)
      expect(event).to.include({ name: 'test.note.written', tenantId })
      expect(event.occurredAt.getTime()).to.be.closeTo(Date.now(), 5_000)
      expect(ctx.db.scope).to.deep.equal({ role: 'app', tenantId })
      expect(ctx.tenant.id).to.equal(tenantId)
    }
    await emit(server, 'hello', tenantId)
    expect(heard).to.deep.equal([])
    await server.outbox.drain()
    await server.outbox.drain()
    expect(heard).to.deep.equal(['first hello', 'second hello'])
    expect(await rows()).to.deep.include({ delivered: true, attempts: 1 })
  })

  it('delivers every event to who handles every event, each handler by itself', async () => {
    let failures = 1
    does.every = async (_ctx, { name }) => {
      failures -= 1
      if (failures >= 0) throw new Error('not now')
      heard.push(`every ${name}`)
    }
    await emit(server, 'hello')
    await server.outbox.drain()
    await admin('update outbox set next_attempt_at = now()')
    await server.outbox.drain()
    expect(heard).to.deep.equal(['first hello', 'second hello', 'every test.note.written'])
  })

  it('tells the age of the oldest event that somebody has not heard yet', async () => {
    const told = async () => {
      const { text } = await server.get('/metrics')
      return Number(/^vetrai_outbox_oldest_seconds (.*)$/m.exec(text)?.[1])
    }
    expect(await told()).to.equal(0)
    does.second = async () => {
      throw new Error('not now')
    }
    await emit(server, 'hello')
    await server.outbox.drain()
    await admin("update outbox set created_at = now() - interval '1 hour'")
    expect(await told()).to.be.within(3_600, 3_660)
    await admin('update outbox set delivered_at = now()')
    expect(await told()).to.equal(0)
  })

  it('takes no event that nobody declared', async () => {
    const ctx = backgroundContext(server.resources, 'test')
    const emit = () => ctx.emit('test.note.forgotten' as EventName, { text: 'lost' })
    await expectRejection(ctx.transaction(emit), /"test.note.forgotten" is not in the `events` of a service/)
  })

  it('delivers nothing of a transaction that was taken back', async () => {
    const ctx = backgroundContext(server.resources, 'test')
    await expectRejection(
      ctx.transaction(async () => {
        await ctx.emit('test.note.written', { text: 'never' })
        throw new Error('changed my mind')
      }),
      /changed my mind/,
    )
    await server.outbox.drain()
    expect(heard).to.deep.equal([])
  })

  it('tries a handler that fails again without repeating the others, and takes back what it wrote', async () => {
    let failures = 2
    does.first = async (ctx) => {
      await ctx.emit('test.note.written', { text: 'from a handler' })
      heard.push('first tried')
      failures -= 1
      if (failures >= 0) throw new Error('cannot now, vtr_live_abcdefghijklmnopqrstuvwxyz0123456789')
      does.first = async () => undefined
    }
    await emit(server, 'hello')
    for (let round = 0; round < 4; round += 1) {
      await server.outbox.drain()
      await admin('update outbox set next_attempt_at = now() where delivered_at is null')
    }
    expect(heard.filter((entry) => entry === 'first tried')).to.have.length(3)
    expect(heard.filter((entry) => entry === 'second hello')).to.have.length(1)
    expect(heard.filter((entry) => entry === 'second from a handler')).to.have.length(1)
  })

  it('waits longer after each failure, and keeps the reason without credentials', async () => {
    does.first = async () => {
      throw new Error('no vtr_live_abcdefghijklmnopqrstuvwxyz0123456789')
    }
    await emit(server, 'hello')
    const pauses: number[] = []
    for (let round = 0; round < 3; round += 1) {
      await server.outbox.drain()
      pauses.push((await rows())?.pause ?? 0)
      await admin('update outbox set next_attempt_at = now()')
    }
    expect(pauses.map(Math.round)).to.deep.equal([1, 2, 4])
    expect((await rows())?.last_error).to.match(/^Error: no vtr_live…\[removed\]$/)
  })

  it('leaves an event to a new process when the one that stored it dies before delivering', async () => {
    await emit(server, 'stored before the crash')
    const successor = new OutboxDispatcher(server.resources)
    await successor.drain()
    expect(heard).to.deep.equal(['first stored before the crash', 'second stored before the crash'])
  })

  it('delivers again what a process took and never settled, when its lease ends', async () => {
    await emit(server, 'hello')
    does.first = () => new Promise(() => undefined)
    const dying = new OutboxDispatcher(server.resources, { leaseS: 1 })
    void dying.drain()
    while (!(await rows())?.attempts) await sleep(5)
    does.first = async () => void heard.push('first')
    await server.outbox.drain()
    expect(heard).to.deep.equal([])
    await sleep(1_100)
    await server.outbox.drain()
    expect(heard).to.deep.equal(['first', 'second hello'])
  })

  it('is delivered once by two processes that work at the same time', async () => {
    const { twin, stop } = await startTwin(server, { services, permissions: {} })
    const texts = Array.from({ length: 30 }, (_, i) => `note ${i}`)
    does.first = async (_ctx, { payload }) => {
      await sleep(1)
      heard.push(payload.text)
    }
    for (const text of texts) await emit(server, text)
    await Promise.all([server.outbox.drain(), twin.outbox.drain()])
    await stop()
    expect(heard.filter((entry) => texts.includes(entry)).sort()).to.deep.equal([...texts].sort())
  })

  it('delivers soon after the commit once it is started, and finishes the one in hand when closed', async () => {
    const dispatcher = new OutboxDispatcher(server.resources, { sweepMs: 60_000 })
    dispatcher.start()
    await sleep(50)
    let finished = false
    let begun: () => void = () => undefined
    const began = new Promise<void>((resolve) => {
      begun = resolve
    })
    does.second = async () => {
      begun()
      await sleep(50)
      finished = true
    }
    const started = Date.now()
    await emit(server, 'hello')
    await began
    expect(Date.now() - started).to.be.below(1_000)
    await dispatcher.close()
    expect(finished).to.equal(true)
    expect(await rows()).to.include({ delivered: true })
  })

  async function emit(from: TestServer, text: string, tenantId: string | null = null): Promise<void> {
    const ctx = backgroundContext(from.resources, 'test')
    await ctx.transaction(() => ctx.emit('test.note.written', { text }, tenantId))
  }

  async function admin(sql: string) {
    return (await asAdmin(await stores(), sql, server.databaseName)).rows
  }

  async function rows(): Promise<
    { delivered: boolean; attempts: number; pause: number; last_error: string } | undefined
  > {
    const [row] = await admin(
      'select delivered_at is not null as delivered, attempts, last_error, extract(epoch from next_attempt_at - now())::float as pause from outbox',
    )
    return row
  }
})
