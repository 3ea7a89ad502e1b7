import { randomBytes } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { generateIdentity } from 'age-encryption'
import { expect } from 'chai'
import { prepareDeployment, type ServerProcess, startServerProcess } from '../../../test/server-process.js'
import { asAdmin, ROLE_PASSWORDS, stores } from '../../../test/stores.js'
import { until } from '../../../test/until.js'
import { createFileObjectStore } from '../../storage/object-store/file-driver.js'
import { writeBackupSettings } from './test-support.js'

/** Slow enough that a backup is still under way when its server is killed. */
const SLOW_MB_S = 0.15

describe('backups of several processes', function () {
  this.timeout(240_000)
  let prepared: Awaited<ReturnType<typeof prepareDeployment>>
  let recovery: string
  let query: (sql: string) => Promise<Record<string, unknown>[]>
  const running: ServerProcess[] = []

  before(async () => {
    prepared = await prepareDeployment()
    const { env } = prepared
    recovery = join(env.OBJECT_STORE_PATH ?? '', '..', 'recovery')
    Object.assign(env, {
      BACKUP_RECOVERY_PATH: recovery,
      BACKUP_KEY: await generateIdentity(),
      DATABASE_BACKUP_PASSWORD: ROLE_PASSWORDS.backup,
      JOBS_LEASE_MS: '5000',
      JOBS_LOOK_MS: '100',
    })
    const database = new URL(env.DATABASE_URL ?? '').pathname.slice(1)
    query = async (sql) => (await asAdmin(await stores(), sql, database)).rows
    const objects = createFileObjectStore({
      path: env.OBJECT_STORE_PATH ?? '',
      baseUrl: 'http://x/',
      secret: 'x',
    })
    const put = (n: number) =>
      objects.put(`f/${n}`, randomBytes(50_000), { contentType: 'application/octet-stream' })
    await Promise.all(Array.from({ length: 40 }, (_, n) => put(n)))
  })
  after(async () => {
    for (const server of running) server.kill('SIGKILL')
    await Promise.all(running.map(({ exited }) => exited))
    await prepared.remove()
  })

  const start = async () => {
    const server = await startServerProcess(prepared.env)
    running.push(server)
    return server
  }
  const runs = () =>
    query("select outcome, error_code from backup_runs where kind = 'create' order by created_at")
  const listed = async (folder: string) =>
    (await readdir(join(recovery, 'backups', folder), { recursive: true }).catch(() => [])).filter((name) =>
      /\.(json|age)$/.test(name),
    )

  it('missed meanwhile are made up for by one of them, go on after kill -9 of it, and are whole or none', async () => {
    await writeBackupSettings(recovery, { throttle_mb_s: SLOW_MB_S })
    const first = await start()
    await until(async () => (await query("select from schedules where kind = 'backups.create'")).length === 1)
    first.kill('SIGKILL')
    await first.exited
    await query("update schedules set next_at = now() - interval '3 days' where kind = 'backups.create'")

    const servers = await Promise.all([start(), start()])
    await until(async () => (await listed('objects')).length > 3)
    const tools = await toolsOf(servers)
    expect(tools).to.have.length(1)
    const [{ server, pid }] = tools as [{ server: ServerProcess; pid: number }]
    server.kill('SIGKILL')
    await until(() => !isAlive(pid))
    expect((await listed('backups')).filter((name) => name.endsWith('manifest.json'))).to.deep.equal([])
    const stored = await listed('objects')

    await writeBackupSettings(recovery)
    // Its pause before another attempt is up to half an hour.
    await until(async () => {
      await query(
        "update worker_jobs set run_at = now() where kind = 'backups.create' and status = 'scheduled'",
      )
      return (await runs()).length === 2
    }, 30_000)
    await until(async () => (await runs()).every(({ outcome }) => outcome !== 'running'), 30_000)
    expect(await runs()).to.deep.equal([
      { outcome: 'interrupted', error_code: 'lost' },
      { outcome: 'succeeded', error_code: null },
    ])
    const whole = (await listed('backups')).filter((name) => name.endsWith('manifest.json'))
    expect(whole).to.have.length(1)
    const manifest = JSON.parse(await readFile(join(recovery, 'backups', 'backups', whole[0] ?? ''), 'utf8'))
    expect(manifest.objects.count).to.equal(40)
    expect(await listed('objects'))
      .to.have.length(40)
      .and.include.members(stored)
  })
})

/** The programs that work on backups, and whose they are. */
async function toolsOf(servers: readonly ServerProcess[]): Promise<{ server: ServerProcess; pid: number }[]> {
  const found = await Promise.all(
    servers.map(async (server) => {
      const children = await readFile(`/proc/${server.pid}/task/${server.pid}/children`, 'utf8')
      return children
        .split(' ')
        .filter(Boolean)
        .map((pid) => ({ server, pid: Number(pid) }))
    }),
  )
  const words = await Promise.all(
    found.flat().map(async (one) => ({ ...one, line: await readFile(`/proc/${one.pid}/cmdline`, 'utf8') })),
  )
  return words.filter(({ line }) => line.includes('backup-tool.js'))
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
