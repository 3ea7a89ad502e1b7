import { expect } from 'chai'
import { useServer } from '../../test/server.js'
import { asAdmin, stores } from '../../test/stores.js'
import { housekeeping } from './housekeeping.js'

describe('the kernel', () => {
  const server = useServer({ services: [], permissions: {} })
  const admin = async (sql: string) => (await asAdmin(await stores(), sql, server.databaseName)).rows

  it('keeps its own house: delivered events and expired answers go, the rest stays', async () => {
    await admin(`insert into outbox (id, name, payload, delivered_at) values
      (gen_random_uuid(), 'old', '{}', now() - interval '8 days'), (gen_random_uuid(), 'new', '{}', now()),
      (gen_random_uuid(), 'waiting', '{}', null)`)
    await admin(`insert into idempotency_records (scope_hash, request_hash, status, response, expires_at) values
      ('\\x01', '\\x', 200, '\\x', now() - interval '1 s'), ('\\x02', '\\x', 200, '\\x', now() + interval '1 hour')`)
    await server.run(housekeeping)
    expect(await admin('select name from outbox order by 1')).to.deep.equal([
      { name: 'new' },
      { name: 'waiting' },
    ])
    expect(await admin('select 1 from idempotency_records')).to.have.length(1)
  })
})
