import { AsyncLocalStorage } from 'node:async_hooks'
import { expect } from 'chai'
import { type BuiltUser, buildMember } from '../../../test/build.js'
import { useServer } from '../../../test/server.js'
import { backgroundContext } from '../../kernel/context.js'
import type { JobHandle } from '../../kernel/job-handle.js'
import { readMailbox } from '../../outbound/read-mailbox.js'
import type { Statement } from '../../storage/database.js'
import { closeAndSend } from './jobs/close-digest.js'
import { joinDigests } from './models/digest.js'
import { deliver } from './operations/deliver.js'
import { fanOut } from './operations/fan-out.js'
import { buildSubscriber, deliveriesOf, send, summary, V1, WORDS } from './test-support.js'

const INBOX = `${V1}/inbox`
const HOURLY = { window_s: 3_600, channels: ['in_app'] }

describe('digests', () => {
  const server = useServer()
  let admin: BuiltUser

  before(async () => {
    admin = await buildMember(server)
  })

  const background = (owner = admin) =>
    backgroundContext(server.resources, 'test', { ...owner.tenant, status: 'active' })
  const collect = async (externalId: string, titles: string[], more: Record<string, unknown> = {}) => {
    const ids: string[] = []
    for (const title of titles) {
      const content = { ...WORDS, title }
      ids.push(
        await send(admin, {
          to: { external_id: externalId },
          content,
          channels: ['in_app'],
          digest: HOURLY,
          ...more,
        }),
      )
    }
    await server.work()
    return ids
  }
  const inboxOf = async (reader: { api: BuiltUser['api'] }) => (await reader.api.get(INBOX)).body.data

  it('gather what comes in their time and tell of it as one', async () => {
    const ana = await buildSubscriber(server, admin)
    const [first] = await collect(ana.externalId, ['One', 'Two', 'Three'])
    expect(await inboxOf(ana)).to.deep.equal([])
    const [item] = await deliveriesOf(admin, first ?? '')
    expect(summary(item)).to.equal('in_app digested by digest')

    await server.work({ skipPauses: true })
    const [told, ...others] = await inboxOf(ana)
    expect(others).to.deep.equal([])
    for (const title of ['One', 'Two', 'Three']) expect(told.body).to.include(title)
    const digest = await admin.api.get(`${V1}/messages/${item.digest_id}`)
    expect(digest.body).to.include({
      kind: 'digest',
      status: 'processed',
      category: 'product',
      template: 'digest',
    })
    expect(digest.body.deliveries).to.deep.equal({ delivered: 1 })

    const [next] = await collect(ana.externalId, ['Four'])
    expect((await deliveriesOf(admin, next ?? ''))[0].digest_id).to.not.equal(item.digest_id)
  })

  it('list their items in a mail, in the words of each', async () => {
    const ana = await buildSubscriber(server, admin)
    await collect(ana.externalId, ['The <first>', 'The second'], {
      channels: ['email'],
      digest: { window_s: 60 },
    })
    await server.work({ skipPauses: true })
    const mails = (await readMailbox(server.mailbox)).filter(({ to }) => to === ana.email)
    expect(mails).to.have.length(1)
    for (const words of ['The <first>', 'The second', WORDS.body]) expect(mails[0]?.text).to.include(words)
    expect(mails[0]?.html).to.include('first').and.not.include('<first>')
  })

  it('are one for each recipient, key and channel', async () => {
    const [ana, ben] = [await buildSubscriber(server, admin), await buildSubscriber(server, admin)]
    await collect(ana.externalId, ['A', 'B'], { digest: { ...HOURLY, key: 'x' } })
    await collect(ana.externalId, ['C'], { digest: { ...HOURLY, key: 'y' } })
    await collect(ben.externalId, ['D'], { digest: { ...HOURLY, key: 'x' } })
    await server.work({ skipPauses: true })
    expect(await inboxOf(ana)).to.have.length(2)
    expect(await inboxOf(ben)).to.have.length(1)
  })

  it('leave out what was cancelled, and send nothing where nothing is left', async () => {
    const ana = await buildSubscriber(server, admin)
    const [one, two] = await collect(ana.externalId, ['One', 'Two'])
    await admin.api.post(`${V1}/messages/${one}/cancel`)
    await admin.api.post(`${V1}/messages/${two}/cancel`)
    await server.work({ skipPauses: true })
    expect(await inboxOf(ana)).to.deep.equal([])
  })

  it('hold back nothing that is critical', async () => {
    const ana = await buildSubscriber(server, admin)
    await collect(ana.externalId, ['Now'], { category: 'security' })
    expect(await inboxOf(ana)).to.have.length(1)
  })

  it('are opened anew by an item that comes while one closes', async () => {
    const ana = await buildSubscriber(server, admin)
    const join = () => {
      const who = { recipientKind: 'subscriber' as const, recipientId: ana.id, channel: 'in_app' as const }
      const seat = { ...who, digestKey: 'race', category: 'product', closesAt: new Date() }
      return background().transaction(() => joinDigests(background(), [seat]))
    }
    const [open] = await join()
    const order: string[] = []
    let begin: () => void = () => undefined
    // Another process's: it must not be part of the transaction that closes.
    const late = new Promise<void>((resolve) => {
      begin = resolve
    }).then(async () => {
      const joined = await join()
      order.push('joined')
      return joined
    })
    await background().transaction(async () => {
      await closeAndSend(background(), open?.id ?? '')
      begin()
      // What waits for this transaction has every chance to go on, and must not.
      await background().db.query({ text: 'select pg_sleep(0.05)' })
      order.push('closed')
    })
    const [next] = await late
    expect(order).to.deep.equal(['closed', 'joined'])
    expect(next?.isNew).to.equal(true)
    expect(next?.id).to.not.equal(open?.id)
  })

  /**
   * 10,000 items of 40 people join digests that are closed and sent meanwhile, by four workers at once. Each run of
   * each step dies at a place of its own (before any statement, or after its commit, when nobody learns that it
   * succeeded) until it comes through.
   */
  it('lose no item and tell of none twice, wherever a process dies', async function () {
    this.timeout(60_000)
    const [PEOPLE, MESSAGES, WORKERS] = [40, 250, 4]
    const owner = await buildMember(server)
    const { body: topic } = await owner.api.post(`${V1}/topics`, { key: 'all', name: 'All' })
    const names = Array.from({ length: PEOPLE }, (_, i) => `p${i}`)
    await owner.api.post(`${V1}/topics/${topic.id}/subscribers`, { external_ids: names })
    const message = {
      to: { topic: 'all' },
      content: WORDS,
      category: 'product',
      channels: ['in_app'],
      digest: HOURLY,
    }
    const ids: string[] = []
    for (let at = 0; at < MESSAGES; at += 50) {
      const { body } = await owner.api.post(`${V1}/send/batch`, { messages: Array(50).fill(message) })
      ids.push(...body.data.map(({ id }: { id: string }) => id))
    }
    const read = async <R extends Record<string, unknown>>(text: string) =>
      server.resources.db.readSystem<R>({ text, values: [owner.tenant.id] })

    const crashes = new Crashes(server.resources.db)
    const ctx = background(owner)
    const decide = (id: string) => crashes.untilDone(id, () => ctx.transaction(() => fanOut(ctx, id)))
    const close = async () => {
      const open = await read<{ id: string }>(
        'select id from notification_digests where tenant_id = $1 and closed_at is null',
      )
      for (const { id } of open)
        await crashes.untilDone(`close ${id}`, () => ctx.transaction(() => closeAndSend(ctx, id)))
    }
    // As in life: whoever holds a job holds it alone, until its process dies.
    const inHand = new Set<string>()
    const sendAll = async () => {
      const pending = await read<{ id: string; job_id: string }>(
        `select id, job_id from notification_deliveries where tenant_id = $1 and status in ('pending', 'sending')`,
      )
      const noStep = () => Promise.reject(new Error('there is no other step'))
      for (const { id, job_id: jobId } of pending) {
        if (inHand.has(id)) continue
        inHand.add(id)
        const job = {
          id: jobId,
          attempt: 1,
          attempts: 99,
          finish: (work) => ctx.transaction(work),
        } as JobHandle
        const payload = { deliveryId: id, channel: 'in_app' as const }
        await crashes.untilDone(`send ${id}`, () => deliver(ctx, payload, job, noStep))
        inHand.delete(id)
      }
    }
    const queue = [...ids]
    const work = async (worker: number) => {
      for (let id = queue.shift(); id !== undefined; id = queue.shift()) {
        await decide(id)
        if (queue.length % 80 === worker) await close()
        if (queue.length % 120 === worker) await sendAll()
      }
    }
    await Promise.all(Array.from({ length: WORKERS }, (_, worker) => work(worker)))
    await close()
    await sendAll()
    crashes.stop()

    expect(crashes.count).to.be.above(MESSAGES)
    const [items] =
      await read(`select count(*)::int as n, count(distinct (message_id, recipient_id))::int as each
      from notification_deliveries where tenant_id = $1 and status = 'digested'`)
    expect(items).to.deep.equal({ n: PEOPLE * MESSAGES, each: PEOPLE * MESSAGES })
    const [digests] =
      await read(`select count(*)::int as n, count(closed_at)::int as closed from notification_digests
      where tenant_id = $1`)
    const told = await read<{ digest: string; items: number; body: string }>(`
      select m.id as digest, i.body, (select count(*)::int from notification_deliveries d
        where d.tenant_id = m.tenant_id and d.digest_id = m.id) as items
      from notification_messages m join notification_inbox_items i on i.tenant_id = m.tenant_id and i.message_id = m.id
      where m.tenant_id = $1 and m.kind = 'digest'`)
    expect(digests?.closed).to.equal(digests?.n)
    expect(told.length).to.equal(digests?.n).and.be.above(PEOPLE)
    expect(new Set(told.map(({ digest }) => digest)).size).to.equal(told.length)
    expect(told.reduce((sum, { items: each }) => sum + each, 0)).to.equal(PEOPLE * MESSAGES)
    for (const { items: each, body } of told) expect(toldIn(body)).to.equal(each)
  })
})

/** Of how many messages the words of a digest tell. */
function toldIn(body: string): number {
  const lines = body.split('\n').filter((line) => line.startsWith('- ')).length
  return lines + Number(/^And (\d+) more/m.exec(body)?.[1] ?? 0)
}

/** The process died here. */
class Crash extends Error {}

interface Statements {
  query(statement: Statement): Promise<unknown>
  execute(statement: Statement): Promise<number>
}

/** Has runs die at places that only the step's name and the number of its run decide. */
/** Two workers did one step at once, as with a lease that ended: the second is taken back and finds it done. */
function isCollision(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: string }
  return code === '23505' || code === '40P01'
}

class Crashes {
  count = 0
  readonly #run = new AsyncLocalStorage<{ left: number }>()
  readonly #db: Statements
  readonly #real: Statements

  constructor(db: Statements) {
    this.#db = db
    this.#real = { query: db.query.bind(db), execute: db.execute.bind(db) }
    db.query = (statement) => this.query(statement)
    db.execute = (statement) => this.execute(statement)
  }
  stop(): void {
    Object.assign(this.#db, this.#real)
  }
  query(statement: Statement): Promise<unknown> {
    this.#live()
    return this.#real.query(statement)
  }
  execute(statement: Statement): Promise<number> {
    this.#live()
    return this.#real.execute(statement)
  }

  /** Runs a step until a run of it comes through and is known to have. */
  async untilDone(name: string, step: () => Promise<unknown>): Promise<void> {
    for (let run = 0; ; run++) {
      // Of three runs two die; few steps are longer than 16 statements, and then the end is where they die.
      const dice = hash(`${name} ${run}`)
      const dies = dice % 3 !== 0
      try {
        await this.#run.run({ left: dies ? (dice >>> 4) % 17 : Number.POSITIVE_INFINITY }, step)
        if (!dies) return
        this.count += 1
      } catch (error) {
        if (!(error instanceof Crash) && !isCollision(error)) throw error
        this.count += 1
      }
    }
  }

  #live(): void {
    const run = this.#run.getStore()
    if (!run) return
    if (run.left <= 0) throw new Crash('the process died')
    run.left -= 1
  }
}

/** FNV-1a: the same dice for the same words. */
function hash(words: string): number {
  let value = 0x811c9dc5
  for (const byte of Buffer.from(words)) value = Math.imul(value ^ byte, 0x01000193) >>> 0
  return value
}
