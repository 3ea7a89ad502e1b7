import { randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import type { Caller } from '../../../../test/caller.js'
import { answers, type Behaviour, type Receiver, useReceivers } from '../../../../test/receiver.js'
import { prepareDeployment, type ServerProcess, startServerProcess } from '../../../../test/server-process.js'
import { asAdmin, stores } from '../../../../test/stores.js'
import { buildEndpoint, made, sendApp } from './test-support.js'

const MESSAGES = 20
const KILLS = 2

/** Leases end and pauses are over: what takes minutes and hours otherwise. */
const TIME_PASSES = `
  update worker_jobs set run_at = now() where status = 'scheduled';
  update webhook_health set paused_until = null;
  update outbox set next_attempt_at = now() where delivered_at is null`

describe('webhooks while servers are killed', function () {
  this.timeout(120_000)
  const receivers = useReceivers()

  it('are settled once each, and every receiver has seen every message', async () => {
    const { env, remove } = await prepareDeployment()
    const settings = {
      ...env,
      OUTBOUND_ALLOW: '127.0.0.1/32',
      WEBHOOKS_TIMEOUT_MS: '300',
      JOBS_LEASE_MS: '1000',
      JOBS_LOOK_MS: '100',
    }
    const admin = async (sql: string) => {
      const name = new URL(env.DATABASE_URL ?? '').pathname.slice(1)
      return (await asAdmin(await stores(), sql, name)).rows
    }
    let server = await startServerProcess(settings)
    const passing = { on: true }
    const time = (async () => {
      while (passing.on) {
        await admin(TIME_PASSES)
        await sleep(100)
      }
    })()
    try {
      const tenant = await made(server.operator.post('/tenancy/v1/tenants', { slug: 'chaos', name: 'Chaos' }))
      const owner = (): { api: Caller } => ({ api: server.operator.in(tenant.id) })
      const flaky = await Promise.all([
        flakyReceiver('errors'),
        flakyReceiver('hangs'),
        flakyReceiver('cuts'),
      ])
      for (const receiver of flaky)
        await buildEndpoint(owner(), receiver, { event_types: ['app.*', 'keys.*'] })

      for (let n = 0; n < MESSAGES; n += 1) {
        if (n % 2) await sendApp(owner(), { n })
        else await made(owner().api.post('/keys/v1/keys', { name: `key ${n}`, scopes: ['tenancy:read'] }))
        if (n % Math.ceil(MESSAGES / KILLS) === 4) server = await replace(server)
      }
      const unsettled = "select 1 from webhook_deliveries where status = 'pending'"
      const events = 'select 1 from outbox where delivered_at is null'
      // Events first: what is pending of them is stored before they are delivered.
      for (let round = 0; round < 600; round += 1) {
        if ((await admin(events)).length + (await admin(unsettled)).length === 0) break
        await sleep(100)
      }

      const deliveries = await admin('select message_id, endpoint_id, status from webhook_deliveries')
      expect(deliveries).to.have.length(MESSAGES * flaky.length)
      expect(deliveries.filter(({ status }) => status !== 'delivered')).to.deep.equal([])
      const successes = await admin(
        "select message_id, endpoint_id from webhook_attempts where outcome = 'succeeded'",
      )
      expect(successes).to.have.length(deliveries.length)
      const ids = [...new Set(deliveries.map(({ message_id }) => String(message_id)))].sort()
      for (const receiver of flaky) expect([...new Set(receiver.ids)].sort()).to.deep.equal(ids)
      expect(
        await admin(
          "select 1 from worker_jobs where kind = 'notifications.deliver-webhook' and status <> 'succeeded'",
        ),
      ).to.deep.equal([])
    } finally {
      passing.on = false
      await time
      server.kill('SIGKILL')
      await server.exited
      await remove()
    }

    async function replace(victim: ServerProcess): Promise<ServerProcess> {
      await sleep(randomInt(30))
      victim.kill('SIGKILL')
      await victim.exited
      return startServerProcess(settings)
    }
  })

  /** One that refuses each message twice at most, in its own way. */
  async function flakyReceiver(way: 'errors' | 'hangs' | 'cuts'): Promise<Receiver> {
    const receiver = await receivers()
    const refuse: Record<typeof way, Behaviour> = {
      errors: answers(503),
      hangs: () => undefined,
      cuts: (response) => void response.socket?.destroy(),
    }
    receiver.behave = (response, n) => {
      const times = receiver.ids.filter((id) => id === receiver.ids.at(-1)).length
      if (times <= 2 && randomInt(2) === 0) refuse[way](response, n)
      else answers(204)(response, n)
    }
    return receiver
  }
})
