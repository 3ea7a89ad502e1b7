import { expect } from 'chai'
import type pg from 'pg'
import { useDatabase } from '../../../test/database.js'
import { newId } from '../../kernel/ids.js'

describe('tenants on a raw connection of vetrai_app', () => {
  const database = useDatabase()
  const [ours, theirs] = [newId(), newId()]
  let app: pg.Client

  before(async () => {
    app = await database.connectApp()
    await database.admin(
      `insert into tenants (id, slug, name) values ('${ours}', 'ours', 'Ours'), ('${theirs}', 'theirs', 'Theirs')`,
    )
  })
  afterEach(async () => {
    await app.query('rollback')
  })

  async function bind(tenantId: string) {
    await app.query('begin')
    await app.query("select set_config('vetrai.tenant_id', $1, true)", [tenantId])
  }

  it('show nothing without a tenant, and the own row only with one', async () => {
    expect((await app.query('select * from tenants')).rowCount).to.equal(0)
    await bind(ours)
    expect((await app.query('select slug from tenants')).rows).to.deep.equal([{ slug: 'ours' }])
  })

  it('let it change the settings of the own tenant, and of no other', async () => {
    await bind(ours)
    const { rowCount } = await app.query(`update tenants set settings = '{"a":1}'`)
    expect(rowCount).to.equal(1)
    expect((await app.query(`update tenants set settings = '{}' where id = $1`, [theirs])).rowCount).to.equal(
      0,
    )
  })

  for (const sql of [
    "update tenants set plan = 'scale'",
    "update tenants set status = 'active'",
    "update tenants set slug = 'theirs-too'",
    'update tenants set purge_after = null',
    'delete from tenants',
    `insert into tenants (id, slug, name) values ('${newId()}', 'mine', 'Mine')`,
  ]) {
    it(`refuse: ${sql.replace(/'[0-9a-f-]{36}'/, "'…'")}`, async () => {
      await bind(ours)
      const refusal = await app.query(sql).catch((error: { code: string }) => error.code)
      expect(refusal).to.equal('42501')
    })
  }
})
