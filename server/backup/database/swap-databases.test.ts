import { expect } from 'chai'
import pg from 'pg'
import { unique } from '../../../test/build.js'
import { expectRejection } from '../../../test/expect-rejection.js'
import { asAdmin, databaseUrl, ROLE_PASSWORDS, stores } from '../../../test/stores.js'
import { connectionParts } from '../../storage/database.js'
import { copyDatabase } from './copy-database.js'
import { createScratch } from './create-scratch.js'
import { dropDatabase } from './drop-database.js'
import { withClient } from './open-client.js'
import { swapBack, swapDatabases } from './swap-databases.js'
import { loginsOf } from './test-support.js'

describe('swapping databases', function () {
  this.timeout(60_000)
  const live = unique('vetrai_live').replaceAll('-', '_')
  const [next, earlier, aside] = [`${live}_new`, `${live}_before`, `${live}_aside`]
  const sessions: pg.Client[] = []
  let logins: Awaited<ReturnType<typeof loginsOf>>

  before(async () => {
    logins = await loginsOf(live)
  })
  beforeEach(async () => {
    const elsewhere = { ...logins.admin, url: databaseUrl(await stores(), 'postgres') }
    for (const name of [live, next, earlier, aside]) await dropDatabase({ login: elsewhere, name })
    for (const name of [live, next]) {
      await createScratch({ login: elsewhere, name, owner: 'vetrai_owner' })
      await asAdmin(
        await stores(),
        `create table which as select '${name}' as name; grant select on which to public`,
        name,
      )
    }
  })
  after(async () => {
    const elsewhere = { ...logins.admin, url: databaseUrl(await stores(), 'postgres') }
    for (const name of [live, next, earlier, aside]) await dropDatabase({ login: elsewhere, name })
    await Promise.all(sessions.map((session) => session.end().catch(() => undefined)))
  })

  it('throws sessions out, whoever comes again sees one or the other, carries grants and settings over, and can be undone and repeated', async () => {
    await asAdmin(
      await stores(),
      `grant connect, temporary on database ${live} to vetrai_monitor; alter database ${live} set work_mem = '7MB'`,
    )
    const stop = new AbortController()
    const names = comeAgain(stop.signal)
    await swapDatabases({ login: logins.admin, live, next, before: earlier })
    await swapDatabases({ login: logins.admin, live, next, before: earlier })
    expect(await whichIs(live)).to.equal(next)
    expect(await whichIs(earlier)).to.equal(live)
    expect(
      await withClient(
        { ...logins.owner, database: live },
        async (client) => (await client.query('show work_mem')).rows,
      ),
    ).to.deep.equal([{ work_mem: '7MB' }])
    for (let round = 0; round < 2; round++)
      await swapBack({ login: logins.admin, live, before: earlier, aside })
    expect(await whichIs(live)).to.equal(live)
    expect(await whichIs(aside)).to.equal(next)
    stop.abort()
    const seen = await names
    expect([...seen].filter((one) => one !== live && one !== next)).to.deep.equal([])
    const { rows } = await asAdmin(
      await stores(),
      `select has_database_privilege('vetrai_monitor', '${aside}', 'temporary') as granted,
      has_database_privilege('vetrai_app', '${live}', 'connect') as app`,
    )
    expect(rows).to.deep.equal([{ granted: true, app: true }])
  })

  it('finishes after it was killed at any statement, and after one rename alone', async () => {
    for (let kill = 1; kill < 12; kill++) {
      const state = await killedAt(kill)
      expect(state, `killed at ${kill}`).to.be.oneOf(['old', 'new'])
      await swapDatabases({ login: logins.admin, live, next, before: earlier })
      expect([await whichIs(live), await whichIs(earlier)]).to.deep.equal([next, live])
      await swapBack({ login: logins.admin, live, before: earlier, aside: next })
      if (state === 'new') break
    }
    await asAdmin(await stores(), `alter database ${live} rename to ${earlier}`)
    await swapDatabases({ login: logins.admin, live, next, before: earlier })
    expect([await whichIs(live), await whichIs(earlier)]).to.deep.equal([next, live])
  })

  it('refuses where a name is taken or missing, and drops no living database', async () => {
    await asAdmin(await stores(), `create database ${earlier}`)
    await expectRejection(
      swapDatabases({ login: logins.admin, live, next, before: earlier }),
      /_before is there already/,
    )
    await expectRejection(
      swapDatabases({ login: logins.admin, live, next: aside, before: `${live}_b` }),
      /_aside is missing/,
    )
    await expectRejection(dropDatabase({ login: logins.admin, name: live }), /living one/)
  })

  it('copies a database that is in use, owner and rows, in place of a copy that was left', async () => {
    await connect(live)
    for (let round = 0; round < 2; round++) await copyDatabase({ login: logins.admin, from: live, to: aside })
    expect(await whichIs(aside)).to.equal(live)
    const { rows } = await asAdmin(
      await stores(),
      `select pg_get_userbyid(datdba) as owner, has_database_privilege('vetrai_app', datname, 'connect') as app
      from pg_database where datname = '${aside}'`,
    )
    expect(rows).to.deep.equal([{ owner: 'vetrai_owner', app: true }])
  })

  async function whichIs(name: string): Promise<string> {
    return (await asAdmin(await stores(), 'select name from which', name)).rows[0].name
  }

  async function connect(name: string): Promise<pg.Client> {
    const client = new pg.Client({
      ...connectionParts(databaseUrl(await stores(), name)),
      user: 'vetrai_app',
      password: ROLE_PASSWORDS.app,
    })
    client.on('error', () => undefined)
    await client.connect()
    sessions.push(client)
    return client
  }

  /** Connects again and again, as a server does; answers what it saw. */
  async function comeAgain(stop: AbortSignal): Promise<Set<string>> {
    const seen = new Set<string>()
    while (!stop.aborted) {
      try {
        const client = await connect(live)
        seen.add((await client.query('select name from which')).rows[0].name)
      } catch (error) {
        const { code } = error as pg.DatabaseError
        // Thrown out; or waiting while the name came to mean another database, which PostgreSQL says is not there.
        if (code !== undefined && code !== '57P01' && code !== '3D000') seen.add(code)
      }
    }
    return seen
  }

  /** Has the swap die at its n-th statement, as `kill -9` does; tells which state that left. */
  async function killedAt(n: number): Promise<'old' | 'new'> {
    const query = pg.Client.prototype.query as (...args: unknown[]) => unknown
    let statements = 0
    pg.Client.prototype.query = function (this: pg.Client, ...args: unknown[]) {
      if (
        /alter database|pg_terminate|begin|commit|grant|datname/.test(String(args[0])) &&
        ++statements >= n
      ) {
        const { connection } = this as unknown as { connection: { stream: { destroy(): void } } }
        connection.stream.destroy()
      }
      return query.apply(this, args)
    } as typeof pg.Client.prototype.query
    try {
      await swapDatabases({ login: logins.admin, live, next, before: earlier }).catch(() => undefined)
    } finally {
      pg.Client.prototype.query = query as typeof pg.Client.prototype.query
    }
    return (await whichIs(live)) === live ? 'old' : 'new'
  }
})
