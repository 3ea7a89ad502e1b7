import { expect } from 'chai'
import { type BuiltUser, buildMember, unique } from '../../../test/build.js'
import { useServer } from '../../../test/server.js'
import { buildSubscriber, deliveriesOf, send, V1 } from './test-support.js'

describe('sending notifications', () => {
  const server = useServer()
  let admin: BuiltUser

  before(async () => {
    admin = await buildMember(server)
  })

  it('reaches the inbox and the mailbox', async () => {
    const ana = await buildSubscriber(server, admin)
    const id = await send(admin, { to: { external_id: ana.externalId }, channels: ['in_app', 'email'] })
    await server.work()
    const deliveries = await deliveriesOf(admin, id)
    console.log(JSON.stringify(deliveries, null, 1))
    console.log(server.logs.filter((l) => /warn|error|"level":(4|5)0/.test(l)).join(''))
    console.log(
      await server.resources.db.readSystem({ text: 'select kind, status, error, attempt from worker_jobs' }),
    )
    console.log((await ana.api.get(`${V1}/inbox`)).text)
    console.log((await admin.api.get(`${V1}/messages/${id}`)).text)
  })
})
