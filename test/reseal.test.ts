import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import { sealPrefix } from '../server/kernel/secrets.js'
import { type Resealing, resealValues } from '../server/storage/installation-keys/reseal.js'
import { useReceivers } from './receiver.js'
import { buildSealedWorld, type SealedWorld } from './sealed-world.js'
import { startTwin, type TestServer, useServer } from './server.js'
import { asAdmin, stores } from './stores.js'
import { until } from './until.js'

const settings = { OUTBOUND_ALLOW: '127.0.0.1/32' }

describe('sealing every value anew', function () {
  this.timeout(60_000)
  const server = useServer({ settings })
  const receivers = useReceivers()
  let world: SealedWorld

  beforeEach(async () => {
    // The middle of the next half minute: no code runs out on its way, and no key is younger than the clock.
    const still = new Date(Math.ceil(Date.now() / 30_000) * 30_000 + 15_000)
    server.now = () => still
    world = await buildSealedWorld(server, await receivers())
  })

  it('leaves each kind of value to be opened as before, in this process and in one that starts later', async () => {
    const key = await rotate(server)
    const { resealed, unreadable } = await reseal(server)
    expect(await sealedOtherwise(server, key)).to.deep.equal({})
    expect(resealed).to.be.greaterThan(6)
    expect(unreadable).to.equal(0)
    const { twin, stop } = await startTwin(server, { settings })
    twin.now = server.now
    try {
      const names = Object.keys(world.checks)
      expect(names).to.have.length(8)
      for (const [at, name] of names.entries()) {
        await world.checks[name]?.(at % 2 === 0 ? twin : server).catch((error: unknown) => {
          throw new Error(`${name}: ${String(error)}`)
        })
      }
    } finally {
      await stop()
    }
  })

  it('shows in nothing that people see of a row', async () => {
    const list = async () => (await world.owner.api.get('/notifications/v1/webhook-endpoints')).body.data
    const secrets = async () => (await world.owner.api.get('/workers/v1/workflow-secrets')).body.data
    const before = [await list(), await secrets()]
    await rotate(server)
    await reseal(server)
    expect([await list(), await secrets()]).to.deep.equal(before)
  })

  it('waits for the time of a key that does not seal yet', async () => {
    const { body } = await server.operator.post('/auth/v1/sealing-keys/rotate')
    const error = await reseal(server).catch((reason: unknown) => reason)
    expect(String(error)).to.contain('scheduled').and.to.contain('does not seal yet')
    await sql(
      server,
      `update installation_keys set active_from = now() - interval '1 minute' where id = ${body.id}`,
    )
    await server.resources.sealingKeys.load()
    await server.work({ skipPauses: true })
    expect(await sealedOtherwise(server, body.id)).to.deep.equal({})
  })

  it('goes on where it was cut short, and does nothing twice', async () => {
    const key = await rotate(server)
    await define(
      server,
      `create function cut_short() returns trigger language plpgsql as $$ begin raise exception 'cut short'; end $$;
       create trigger cut_short before update on workflow_secrets for each row execute function cut_short()`,
    )
    await reseal(server).catch(() => undefined)
    const left = await sealedOtherwise(server, key)
    await define(server, 'drop function cut_short cascade')
    expect(Object.keys(left))
      .to.include('workflow_secrets.sealed')
      .and.not.include('auth_factors.secret_sealed')
    expect((await keyRows(server)).at(-1)?.resealed_at).to.equal(null)

    const { resealed } = await reseal(server)
    expect(resealed).to.equal(Object.values(left).reduce((sum, count) => sum + count, 0))
    expect((await keyRows(server)).at(-1)?.resealed_at).to.be.an.instanceOf(Date)
    expect(await reseal(server)).to.deep.include({ key, resealed: 0, dropped: [] })
  })

  it('keeps what somebody stores meanwhile', async () => {
    await rotate(server)
    const put = (value: string) =>
      world.owner.api.put('/workers/v1/workflow-secrets/RACED', { value, hosts: ['api.example.com'] })
    for (let round = 0; round < 5; round += 1) {
      await put('the value before')
      await sql(server, 'update installation_keys set resealed_at = null')
      await Promise.all([reseal(server), put(`the value after ${round}`)])
    }
    const key = (await keyRows(server)).at(-1)?.id ?? 0
    expect(await sealedOtherwise(server, key)).to.deep.equal({})
  })

  it('drops a replaced key after a day, when nothing is sealed with it', async () => {
    const [first, second] = [await rotate(server), await rotate(server)]
    expect((await reseal(server)).dropped).to.deep.equal([])
    expect((await keyRows(server)).map(({ id }) => id)).to.include.members([first, second])
    await sql(server, "update installation_keys set active_from = active_from - interval '25 hours'")
    const { dropped } = await reseal(server)
    expect(dropped).to.include(first).and.not.to.include(second)
    expect((await keyRows(server)).map(({ id }) => id)).to.deep.equal([0, second])
    expect(await rotate(server)).to.equal(second + 1)
  })

  it('drops no key while one value is sealed with it that it cannot seal anew, and tells', async () => {
    const old = await rotate(server)
    await reseal(server)
    await rotate(server)
    // As a row that was moved by hand: its context is another.
    await sql(
      server,
      'update push_keys set private_key_sealed = (select sealed from workflow_secrets limit 1)',
    )
    await sql(server, "update installation_keys set active_from = active_from - interval '25 hours'")
    const { unreadable, dropped } = await reseal(server)
    expect([unreadable, dropped]).to.deep.equal([1, []])
    expect((await keyRows(server)).map(({ id }) => id)).to.include(old)
    await sql(server, 'delete from push_keys')
    expect((await reseal(server)).dropped).to.include(old)
  })

  it('opens in each process what another seals, which hears of a key by a message', async () => {
    const { twin, stop } = await startTwin(server, { settings })
    try {
      const key = await rotate(server)
      server.resources.sealingKeys.announce()
      await until(() => twin.resources.secrets.ring.current()?.id === key)
      for (const [one, other] of [
        [server, twin],
        [twin, server],
      ] as const) {
        const sealed = one.resources.secrets.seal('hello', 'c')
        expect(sealed.subarray(0, 5)).to.deep.equal(sealPrefix(key))
        expect(other.resources.secrets.unseal(sealed, 'c').toString()).to.equal('hello')
      }
    } finally {
      await stop()
    }
  })

  it('answers 503 and learns, where a value names a key that this process has not heard of', async () => {
    const { twin, stop } = await startTwin(server, { settings })
    try {
      await rotate(server, twin)
      twin.resources.secrets.ring.replace([])
      await world.owner.api.put('/workers/v1/workflow-secrets/NEWER', {
        value: 'hush-hush-hush',
        hosts: ['api.example.com'],
      })
      const key = { headers: { 'idempotency-key': randomBytes(8).toString('hex') } }
      const body = { name: 'twice', scopes: ['keys:read'] }
      const first = await world.owner.api.post('/keys/v1/keys', body, key)
      const again = () => world.owner.api.at(twin.url).post('/keys/v1/keys', body, key)
      const refused = await again()
      expect([refused.status, refused.body.code]).to.deep.equal([503, 'request.unavailable'])
      for (let tries = 0; tries < 200; tries += 1) if ((await again()).status === 201) break
      expect((await again()).text).to.equal(first.text)
    } finally {
      await stop()
    }
  })
})

/** Makes a key and lets its time come, in these processes; answers its id. */
async function rotate(...servers: [TestServer, ...TestServer[]]): Promise<number> {
  const [server] = servers
  const { status, body, text } = await server.operator.post('/auth/v1/sealing-keys/rotate')
  expect(status, text).to.equal(202)
  await sql(
    server,
    `update installation_keys set active_from = now() - interval '1 minute' where id = ${body.id}`,
  )
  for (const { resources } of servers) {
    // Twice: a reading that has begun may be from before.
    await resources.sealingKeys.load()
    await resources.sealingKeys.load()
  }
  return body.id
}

/** Runs the job to its end; answers what it did. */
async function reseal(server: TestServer): Promise<Resealing> {
  await sql(server, "delete from worker_jobs where kind = 'kernel.reseal'")
  await server.run(resealValues)
  const [job] = await sql<{ status: string; result: Resealing; error: string | null }>(
    server,
    `select status, result, error from worker_jobs where kind = 'kernel.reseal'`,
  )
  if (job?.status !== 'succeeded') throw new Error(`the job is ${job?.status}: ${job?.error}`)
  return job.result
}

/** How many values of each column are sealed with another key than this one; none is left out. */
async function sealedOtherwise(server: TestServer, key: number): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const { table, column } of server.resources.sealed) {
    const prefix = sealPrefix(key).toString('hex')
    const [row] = await sql<{ n: number; all: number }>(
      server,
      `select count(*) filter (where encode(${column}, 'hex') not like '${prefix}%') as n, count(${column}) as all from ${table}`,
    )
    expect(row?.all, table).to.be.greaterThan(0)
    if (row?.n) counts[`${table}.${column}`] = row.n
  }
  return counts
}

function keyRows(server: TestServer) {
  return sql<{ id: number; resealed_at: Date | null }>(
    server,
    'select id, resealed_at from installation_keys order by id',
  )
}

/** A statement as superuser, who may define things. */
async function define(server: TestServer, text: string): Promise<void> {
  await asAdmin(await stores(), text, server.databaseName)
}

function sql<R extends Record<string, unknown>>(server: TestServer, text: string): Promise<R[]> {
  const { db } = server.resources
  return db.transaction({ role: 'system', tenantId: null }, () => db.query<R>({ text }))
}
