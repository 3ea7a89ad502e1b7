import pg from 'pg'

/** Any number will do that no other lock of VetrAI has: one at a time, also after a command that was killed. */
const ADVISORY_LOCK = 8_675_309_002
const TRIES = 20
const PAUSE_MS = 250

/** Names of databases that an upgrade works with. */
export interface Exchange {
  /** The database in use. */
  main: string
  /** Its copy, on which the new version is prepared. */
  next: string
  /** What the database in use is called once the copy has its place. */
  before: string
}

/**
 * Makes `next`, a copy of the database in use with its privileges; what an earlier try left is dropped. Nobody may use the
 * database meanwhile: sessions that are left are ended.
 */
export async function copyDatabase(
  admin: pg.Client,
  { main, next }: Omit<Exchange, 'before'>,
): Promise<void> {
  await alone(admin, async () => {
    await dropDatabase(admin, next)
    const { rows } = await admin.query(
      'select pg_get_userbyid(datdba) as owner, datacl::text[] as acl from pg_database where datname = $1',
      [main],
    )
    const [source] = rows as { owner: string; acl: string[] | null }[]
    if (!source) throw new Error(`there is no database ${main}`)
    await insist(admin, [main], () =>
      admin.query(
        `create database ${id(next)} template ${id(main)} owner ${id(source.owner)} strategy file_copy`,
      ),
    )
    await copyPrivileges(admin, main, next)
  })
}

/** Puts `next` in the place of the database in use, at once and wholly; does nothing where it has it already. */
export async function swapDatabases(admin: pg.Client, { main, next, before }: Exchange): Promise<void> {
  await alone(admin, async () => {
    if ((await exists(admin, before)) && !(await exists(admin, next))) return
    await rename(admin, [
      [main, before],
      [next, main],
    ])
  })
}

/** Puts `before` in its place again where it is there, and drops what stood there since, and `next`. */
export async function swapBack(admin: pg.Client, { main, next, before }: Exchange): Promise<void> {
  await alone(admin, async () => {
    const undone = `${next}_undone`
    if (await exists(admin, before)) {
      const hasMain = await exists(admin, main)
      if (hasMain) await dropDatabase(admin, undone)
      await rename(admin, [...(hasMain ? [[main, undone] as const] : []), [before, main]])
    }
    for (const name of [undone, next]) await dropDatabase(admin, name)
  })
}

/** Drops a database with the sessions in it; one that is not there is no failure. */
export async function dropDatabase(admin: pg.Client, name: string): Promise<void> {
  await admin.query(`drop database if exists ${id(name)} with (force)`)
}

async function alone(admin: pg.Client, work: () => Promise<void>): Promise<void> {
  await admin.query('select pg_advisory_lock($1)', [ADVISORY_LOCK])
  try {
    await work()
  } finally {
    await admin.query('select pg_advisory_unlock($1)', [ADVISORY_LOCK])
  }
}

async function rename(
  admin: pg.Client,
  pairs: readonly (readonly [from: string, to: string])[],
): Promise<void> {
  await insist(
    admin,
    pairs.map(([from]) => from),
    async () => {
      await admin.query('begin')
      try {
        for (const [from, to] of pairs) await admin.query(`alter database ${id(from)} rename to ${id(to)}`)
        await admin.query('commit')
      } catch (error) {
        await admin.query('rollback')
        throw error
      }
    },
  )
}

/** Ends the sessions of databases and does the work; somebody may connect in between, so more than once. */
async function insist(admin: pg.Client, databases: string[], work: () => Promise<unknown>): Promise<void> {
  for (let tries = 1; ; tries++) {
    await admin.query(
      'select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = any ($1) and pid <> pg_backend_pid()',
      [databases],
    )
    try {
      await work()
      return
    } catch (error) {
      const isInUse = (error as { code?: string }).code === '55006'
      if (!isInUse || tries >= TRIES) throw error
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
    }
  }
}

async function exists(admin: pg.Client, name: string): Promise<boolean> {
  const { rowCount } = await admin.query('select 1 from pg_database where datname = $1', [name])
  return rowCount === 1
}

/** A copy by `template` has the privileges inside of the database, and those on it of nobody. */
async function copyPrivileges(admin: pg.Client, from: string, to: string): Promise<void> {
  const { rows } = await admin.query(
    `select coalesce(quote_ident(r.rolname), 'public') as who, a.privilege_type as what
     from pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
     left join pg_roles r on r.oid = a.grantee
     where d.datname = $1 and a.grantee <> d.datdba`,
    [from],
  )
  await admin.query(`revoke all on database ${id(to)} from public`)
  for (const { who, what } of rows as { who: string; what: string }[]) {
    await admin.query(`grant ${what} on database ${id(to)} to ${who}`)
  }
}

function id(name: string): string {
  return pg.escapeIdentifier(name)
}
