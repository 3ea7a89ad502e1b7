import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, readdirSync } from 'node:fs'
import { appendFile, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { findFreePort } from '../../cli/deployment/free-port.js'
import { chooseServiceUser, spawnAs } from '../../cli/runtimes/embedded/service-user.js'
import { withClient } from '../../server/backup/database/open-client.js'
import { timed } from './processes.js'

/** A PostgreSQL with the tools of its own version, in a folder of its own. */
export interface WholePostgres {
  folder: string
  version: string
  /** Runs one of its tools to its end, as a client of this server; answers milliseconds and what it printed. */
  tool(name: string, ...args: string[]): Promise<{ ms: number; stdout: string }>
  /** URL and role as `openClient` wants them. */
  login(database: string): { url: string; role: string }
  /** One or more statements. */
  query(database: string, sql: string): Promise<void>
  stop(): Promise<void>
}

const TOOLS = ['postgres', 'initdb', 'pg_dump', 'pg_restore', 'pgbench']
// Room as a deployment of this size has it; commits reach the disk.
const SETTINGS = `
listen_addresses = '127.0.0.1'
shared_buffers = 512MB
max_wal_size = 4GB
`

/** Starts the newest PostgreSQL of the system: the one that ships with VetrAI has no pg_dump to compare with. */
export async function startWholePostgres(): Promise<WholePostgres> {
  const bin = findTools()
  const user = chooseServiceUser()
  const folder = await mkdtemp('/tmp/vetrai-bench-postgres-')
  if (user) chownSync(folder, user.uid, user.gid)
  const port = await findFreePort()
  const data = join(folder, 'data')
  const as = { ...spawnAs(user), cwd: folder, stdio: 'ignore' } as const
  await ended(spawn(join(bin, 'initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust'], as))
  await appendFile(
    join(data, 'postgresql.conf'),
    `${SETTINGS}port = ${port}\nunix_socket_directories = '${folder}'\n`,
  )
  const server = spawn(join(bin, 'postgres'), ['-D', data], as)
  const login = (database: string) => ({ url: `postgres://127.0.0.1:${port}/${database}`, role: 'postgres' })
  const env = { PGHOST: '127.0.0.1', PGPORT: String(port), PGUSER: 'postgres' }
  const query = (database: string, sql: string) =>
    withClient(login(database), async (client) => {
      await client.query(sql)
    })
  await reached(() => query('postgres', 'select'))
  return {
    ...{ folder, login, query, version: /\d+/.exec(bin)?.[0] ?? '' },
    tool: (name, ...args) => timed([join(bin, name), ...args], { env, timeoutMs: 3_600_000 }),
    stop: async () => {
      server.kill('SIGQUIT')
      await once(server, 'exit')
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function findTools(): string {
  const root = '/usr/lib/postgresql'
  const folders = existsSync(root) ? readdirSync(root) : []
  const bins = folders.sort((a, b) => Number(b) - Number(a)).map((version) => join(root, version, 'bin'))
  const whole = bins.find((bin) => TOOLS.every((tool) => existsSync(join(bin, tool))))
  if (!whole) throw new Error('this needs a PostgreSQL with its tools: apt-get install postgresql')
  return whole
}

async function ended(child: ReturnType<typeof spawn>): Promise<void> {
  const [code] = (await once(child, 'exit')) as [number | null]
  if (code !== 0) throw new Error(`initdb ended with ${code}`)
}

async function reached(attempt: () => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt()
    } catch (error) {
      if (tries === 100) throw error
      await sleep(100)
    }
  }
}
