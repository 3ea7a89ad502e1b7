import { expect } from 'chai'
import { type BuiltUser, buildKey, buildMember } from '../../../../test/build.js'
import { answers, useReceivers } from '../../../../test/receiver.js'
import { useServer } from '../../../../test/server.js'
import { sweepWebhooks } from './jobs/sweep-webhooks.js'
import { buildEndpoint, made, RECEIVER_SETTINGS, sendApp, timePasses } from './test-support.js'

const BASE = '/notifications/v1'
const DAY = 86_400_000

describe('sweeping webhooks', function () {
  this.timeout(60_000)
  const server = useServer({ settings: RECEIVER_SETTINGS })
  const receivers = useReceivers()
  let owner: Pick<BuiltUser, 'api'>

  beforeEach(async () => {
    server.now = undefined
    const member = await buildMember(server)
    owner = { api: server.as((await buildKey(member, ['*'])).key) }
  })

  const rows = async (table: string) => {
    const [row] = await server.resources.db.readSystem<{ n: number }>({
      text: `select count(*) as n from ${table}`,
    })
    return row?.n
  }

  it('forgets messages past their time, with their deliveries and attempts, and no others', async () => {
    const receiver = await receivers()
    await buildEndpoint(owner, receiver)
    const old = await sendApp(owner)
    await server.work()
    await timePasses(server, 29 * DAY)
    const fresh = await sendApp(owner)
    await server.work()
    await server.run(sweepWebhooks)
    expect((await made(owner.api.get(`${BASE}/webhook-messages`))).data).to.have.length(2)
    await timePasses(server, 2 * DAY)
    await server.run(sweepWebhooks)
    const { data } = await made(owner.api.get(`${BASE}/webhook-messages`))
    expect(data.map(({ id }: { id: string }) => id)).to.deep.equal([fresh.id])
    expect([await rows('webhook_deliveries'), await rows('webhook_attempts')]).to.deep.equal([1, 1])
    expect((await owner.api.get(`${BASE}/webhook-messages/${old.id}`)).status).to.equal(404)
  })

  it('forgets keys that sign no more', async () => {
    const receiver = await receivers()
    const { id } = await buildEndpoint(owner, receiver)
    const before = (await rows('webhook_keys')) ?? 0
    await made(owner.api.post(`${BASE}/webhook-endpoints/${id}/rotate`, { overlap_s: 60 }))
    await server.run(sweepWebhooks)
    expect(await rows('webhook_keys')).to.equal(before + 1)
    await timePasses(server, 61_000)
    await server.run(sweepWebhooks)
    expect(await rows('webhook_keys')).to.equal(before)
  })

  it('settles a delivery whose job was taken away, and leaves one alone that a job works on', async () => {
    const receiver = await receivers()
    receiver.behave = answers(500)
    await buildEndpoint(owner, receiver, { event_types: ['app.left'] })
    const [left, kept] = [await sendApp(owner, {}, 'app.left'), await sendApp(owner, {}, 'app.left')]
    await server.work()
    await server.resources.db.readSystem({
      text: `update worker_jobs set status = 'cancelled' where id in (select job_id from webhook_deliveries where message_id = $1)`,
      values: [left.id],
    })
    await timePasses(server, 600_000)
    await server.resources.db.readSystem({
      text: "update worker_jobs set run_at = now() + interval '1 day' where status = 'scheduled'",
    })
    await server.run(sweepWebhooks)
    const status = async (id: string) =>
      (await made(owner.api.get(`${BASE}/webhook-messages/${id}`))).deliveries[0].status
    expect([await status(left.id), await status(kept.id)]).to.deep.equal(['failed', 'pending'])
  })
})
