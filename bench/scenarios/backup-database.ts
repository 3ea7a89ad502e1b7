import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { pack } from '../../cli/pack.js'
import { TOOL_ALLOCATOR, TOOL_NODE_ARGS } from '../../server/backup/tool/memory.js'
import { median } from '../machine/load.js'
import { timed } from '../machine/processes.js'
import { startWholePostgres, type WholePostgres } from '../machine/whole-postgres.js'
import type { BackupRequest, BackupResult } from '../programs/backup-database.js'
import type { Figure } from '../report.js'

const DIST = join(import.meta.dirname, '..', '..')
/** Below `dist`; packed like what is started in a deployment, since the start counts. */
const PROGRAM = join('bench', 'programs', 'backup-database.js')
const PACKED = join(DIST, 'bench', 'packed')
const ROUNDS = 3
const WRITE_SECONDS = 8
const MB = 1_000_000
/** Bytes on disk of an account, its key included. */
const ACCOUNT_BYTES = 151
const ROWS = 'rows'

const SCHEMA = `
  create table schema_migrations (name text primary key, checksum text not null, applied_at timestamptz not null default now());
  create table accounts (aid int primary key, bid int, abalance int, filler char(84));
  create table history (tid int, bid int, aid int, delta int, mtime timestamp, filler char(22));`

// What pgbench does of a bank's business, over accounts alone.
const TRANSFER = (accounts: number) => `
\\set aid random(1, ${accounts})
\\set delta random(-5000, 5000)
begin;
update accounts set abalance = abalance + :delta where aid = :aid;
insert into history (tid, bid, aid, delta, mtime) values (1, 1, :aid, :delta, current_timestamp);
commit;`

/**
 * Backing a database up and loading it again, next to pg_dump and pg_restore of two jobs against the same server in the
 * same round; and what each leaves of the throughput of two clients that write.
 */
export async function measureBackupDatabase(megabytes: number): Promise<Figure[]> {
  await pack({ dist: DIST, outdir: PACKED, files: [PROGRAM] })
  const postgres = await startWholePostgres()
  try {
    const accounts = Math.round((megabytes * MB * 0.9) / ACCOUNT_BYTES)
    await fill(postgres, accounts)
    const identity = await generateIdentity()
    const keys = { identity, recipient: await identityToRecipient(identity) }
    const copies = await measureCopies(postgres, keys)
    return [...copies, await measureWrites(postgres, accounts, keys)]
  } finally {
    await postgres.stop()
  }
}

interface Keys {
  identity: string
  recipient: string
}

async function fill(postgres: WholePostgres, accounts: number): Promise<void> {
  await postgres.query('postgres', `create database ${ROWS}`)
  await postgres.query(
    ROWS,
    `${SCHEMA}
    insert into schema_migrations values ('20260101000000-bench-create-accounts', '');
    insert into accounts select n, n / 100000, 0, '' from generate_series(1, ${accounts}) n;
    insert into history select n % 10, n % 70, n, n % 1000, now(), null from generate_series(1, ${Math.round(accounts / 4)}) n`,
  )
  await postgres.query(ROWS, 'vacuum (freeze, analyze)')
  await postgres.query(ROWS, 'checkpoint')
}

interface Run extends BackupResult {
  ms: number
}

interface Round {
  dump: Run
  sealed: Run
  pgDumpMs: number
  load: Run
  pgRestoreMs: number
}

async function measureCopies(postgres: WholePostgres, keys: Keys): Promise<Figure[]> {
  const rounds: Round[] = []
  for (let round = 0; round < ROUNDS; round++) rounds.push(await measureRound(postgres, keys))
  const middle = (of: (round: Round) => number) => median(rounds.map(of))
  const rate = ({ plain_bytes, ms }: Run) => plain_bytes / MB / (ms / 1000)
  const dumped = (name: string, of: (round: Round) => Run): Figure => ({
    name: `database backup, ${name}, speed of pg_dump -Fd -j2`,
    value: middle((round) => round.pgDumpMs / of(round).ms),
    unit: 'x',
    target: { atLeast: 1 },
    detail: {
      vetrai_s: middle((round) => of(round).ms / 1000),
      pg_dump_s: middle(({ pgDumpMs }) => pgDumpMs / 1000),
      vetrai_mb_s: middle((round) => rate(of(round))),
      stored_mb: middle((round) => of(round).stored_bytes / MB),
    },
  })
  const memory = (name: string, of: (round: Round) => Run): Figure => ({
    name: `memory of the process that ${name} a database`,
    value: Math.max(...rounds.map((round) => of(round).peak_bytes / MB)),
    unit: 'MB',
    target: { atMost: 200 },
    detail: { read_mb: middle((round) => of(round).plain_bytes / MB) },
  })
  return [
    dumped('compressed', ({ dump }) => dump),
    dumped('compressed and sealed', ({ sealed }) => sealed),
    {
      name: 'database restore, sealed, speed of pg_restore -j2',
      value: middle(({ pgRestoreMs, load }) => pgRestoreMs / load.ms),
      unit: 'x',
      target: { atLeast: 1 },
      detail: {
        vetrai_s: middle(({ load }) => load.ms / 1000),
        pg_restore_s: middle(({ pgRestoreMs }) => pgRestoreMs / 1000),
        vetrai_mb_s: middle(({ load }) => rate(load)),
      },
    },
    memory('backs up', ({ sealed }) => sealed),
    memory('loads', ({ load }) => load),
  ]
}

async function measureRound(postgres: WholePostgres, { identity, recipient }: Keys): Promise<Round> {
  const folder = join(postgres.folder, 'ours')
  const theirs = join(postgres.folder, 'theirs')
  const fresh = async (name: string) => {
    await postgres.query('postgres', `drop database if exists ${name}`)
    await postgres.query('postgres', `create database ${name}`)
    await postgres.query('postgres', 'checkpoint')
  }
  const dump = await run({ verb: 'dump', login: postgres.login(ROWS), folder: `${folder}-plain` })
  const { ms: pgDumpMs } = await postgres.tool('pg_dump', '-Fd', '-j2', '-f', theirs, ROWS)
  const sealed = await run({ verb: 'dump', login: postgres.login(ROWS), folder, key: recipient })
  await fresh('loaded')
  const load = await run({
    verb: 'load',
    login: postgres.login('loaded'),
    folder,
    key: identity,
    schema: SCHEMA,
  })
  await fresh('loaded')
  const { ms: pgRestoreMs } = await postgres.tool('pg_restore', '-j2', '-d', 'loaded', theirs)
  await postgres.query('postgres', 'drop database loaded')
  for (const one of [folder, `${folder}-plain`, theirs]) await rm(one, { recursive: true })
  return { dump, sealed, pgDumpMs, load, pgRestoreMs }
}

/** Transactions a second of two clients: alone, while a backup runs, while pg_dump runs. */
async function measureWrites(
  postgres: WholePostgres,
  accounts: number,
  { recipient }: Keys,
): Promise<Figure> {
  const script = join(postgres.folder, 'transfer.sql')
  await writeFile(script, TRANSFER(accounts))
  const folder = join(postgres.folder, 'ours')
  const theirs = join(postgres.folder, 'theirs')
  const write = async () => {
    const { stdout } = await postgres.tool(
      'pgbench',
      '-n',
      '-c2',
      '-T',
      String(WRITE_SECONDS),
      '-f',
      script,
      ROWS,
    )
    return Number(/^tps = ([\d.]+)/m.exec(stdout)?.[1])
  }
  const ours = (isGentle: boolean) => () =>
    run({ verb: 'dump', login: postgres.login(ROWS), folder, key: recipient, isGentle })
  const dump = async () => {
    await rm(theirs, { recursive: true, force: true })
    await postgres.tool('pg_dump', '-Fd', '-j2', '-f', theirs, ROWS)
  }
  const rounds: { alone: number; gentle: number; full: number; pgDump: number }[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const before = await write()
    const gentle = await during(ours(true), write)
    const full = await during(ours(false), write)
    const pgDump = await during(dump, write)
    const after = await write()
    rounds.push({ alone: (before + after) / 2, gentle, full, pgDump })
  }
  const left = (of: (round: (typeof rounds)[number]) => number) =>
    median(rounds.map((round) => of(round) / round.alone))
  return {
    name: 'throughput of writes that a gentle backup leaves',
    value: left(({ gentle }) => gentle),
    unit: 'x',
    target: { atLeast: 0.85 },
    detail: {
      alone_per_second: median(rounds.map(({ alone }) => alone)),
      gentle_per_second: median(rounds.map(({ gentle }) => gentle)),
      full_speed_leaves: left(({ full }) => full),
      pg_dump_leaves: left(({ pgDump }) => pgDump),
    },
  }
}

/** Measures while the other work is done again and again. */
async function during(other: () => Promise<unknown>, measured: () => Promise<number>): Promise<number> {
  const state = { isOver: false }
  const repeat = async () => {
    while (!state.isOver) await other()
  }
  const repeating = repeat()
  // Past the start of its process.
  await sleep(500)
  const value = await measured()
  state.isOver = true
  await repeating
  return value
}

async function run(request: BackupRequest): Promise<Run> {
  const command = [process.execPath, ...TOOL_NODE_ARGS, join(PACKED, PROGRAM), JSON.stringify(request)]
  const { ms, stdout } = await timed(command, { env: TOOL_ALLOCATOR, timeoutMs: 3_600_000 })
  return { ms, ...(JSON.parse(stdout) as BackupResult) }
}
