import { access, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import type { DeploymentStatus } from '../operations/read-status.js'
import type { StartResult } from '../operations/start-deployment.js'
import { missingFields } from './documented.js'
import { type CliRun, runCli } from './run-cli.js'
import { runVetrai, type VetraiRun } from './run-vetrai.js'
import { temporaryFolder } from './temporary-folder.js'

export interface Row {
  id: string
  [field: string]: unknown
}

/** What differs between the ways of running a deployment. */
export interface Story {
  runtime: 'embedded' | 'compose'
  /** Environment of every command. */
  env?: () => NodeJS.ProcessEnv
  /** Makes the deployment where a plain `up` would make another one. */
  init?: (dir: string, vetrai: Vetrai) => Promise<void>
  /** Components whose process is killed; each must be back by itself, with all that was accepted. */
  killed: readonly string[]
  /** Further tests on the running deployment, before it is stopped for the first time. */
  more?: (running: RunningStory) => void
}

type Vetrai = (...argv: string[]) => Promise<VetraiRun>

/** The deployment of a story while it runs; its members may be used inside tests only. */
export interface RunningStory {
  dir: () => string
  url: () => string
  /** The API key `ci` of the tenant acme, which may read it. */
  key: () => string
  acme: () => Row
  vetrai: Vetrai
  /** Runs a command that must succeed, and gives its JSON, held against the documented fields. */
  json: <T = Row>(...argv: string[]) => Promise<T>
  status: () => Promise<DeploymentStatus>
}

/** What only reads the directory or asks the API; a process for each of these would take most of the story's time. */
const ASKING = ['audit', 'config', 'keys', 'schedules', 'status', 'tenants', 'users', 'webhooks', 'workflows']

/** The whole life of one deployment, by real processes where they do something on the host: each step builds on the one before. */
export function tellDeployment(title: string, { runtime, env, init, killed, more }: Story): void {
  describe(title, function () {
    this.timeout(300_000)
    let folder: Awaited<ReturnType<typeof temporaryFolder>>
    let dir: string
    let started: StartResult
    let acme: Row
    let globex: Row
    let key: string

    before(async () => {
      folder = await temporaryFolder()
      dir = join(folder.path, 'e2e')
      await init?.(dir, vetrai)
    })
    after(async () => {
      // Whatever failed above, no process stays behind.
      await vetrai('down', '--quiet')
      await folder.remove()
    })

    const run = (argv: string[], stdin = '') => runVetrai(argv, { stdin, env: env?.() ?? {} })
    const vetrai = (...argv: string[]) => run([...argv, '--dir', dir])
    const ask = (...argv: string[]): Promise<CliRun> =>
      runCli([...argv, '--dir', dir], { env: env?.() ?? {} })

    async function json<T = Row>(...argv: string[]): Promise<T> {
      const isAsking = ASKING.includes(argv[0] ?? '')
      const done = await (isAsking ? ask : vetrai)(...argv, '--json')
      expect(done.code, `${argv.join(' ')}: ${done.stdout}${done.stderr}`).to.equal(0)
      const result = done.json<T>()
      expect(missingFields(argv, result), `documented fields of ${argv.join(' ')}`).to.deep.equal([])
      return result
    }

    const request = (path: string, token: string) =>
      fetch(started.url + path, { headers: { authorization: `Bearer ${token}` } })

    it('starts with one command, creates what is missing and answers when it is ready', async () => {
      const done = await run(['up', '--yes', '--dir', dir, '--json'])
      const log = await readFile(join(dir, 'logs', 'server.log'), 'utf8').catch(() => '')
      expect(done.code, done.stdout + done.stderr + log.slice(-3_000)).to.equal(0)
      started = done.json<StartResult & Record<string, unknown>>()
      expect(started).to.include({
        created: init === undefined,
        changed: true,
        dir,
        docs_url: `${started.url}/docs`,
      })
      expect(started.status).to.include({ ready: true, runtime })
      // Shown by whatever made the deployment, this once.
      if (init === undefined) expect(started.recovery_key).to.match(/^AGE-SECRET-KEY-1/)
      else expect(started.recovery_key).to.equal(null)
      expect((await fetch(`${started.url}/readyz`)).status).to.equal(200)
    })

    it('names the file that holds the generated password, and never the password', async () => {
      const password = (await readFile(started.password_file, 'utf8')).trim()
      const shown = await vetrai('up')
      expect(shown.stdout).to.include(started.password_file).and.not.include(password)
      const answer = await fetch(`${started.url}/auth/v1/login`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ email: started.operator_email, password }),
      })
      expect(answer.status).to.equal(200)
    })

    it('changes nothing when it is started again', async () => {
      const before = await status()
      const again = await json<StartResult>('up')
      expect(again).to.include({ created: false, changed: false, recovery_key: null })
      expect(pids(await status())).to.deep.equal(pids(before))
      expect((await vetrai('up')).stdout).to.include('nothing was changed')
    })

    it('finds nothing wrong with itself', async () => {
      const report = await json<{ ok: boolean; checks: { name: string; level: string }[] }>('doctor')
      expect(report.checks.filter(({ level }) => level === 'fail')).to.deep.equal([])
      expect(report.checks.map(({ name }) => name)).to.include.members(['ports', 'versions', 'migrations'])
      expect((await json<{ pending: number } & Row>('migrate', 'status')).pending).to.equal(0)
    })

    it('gives a key that reads its own tenant and is refused another’s', async () => {
      acme = await json('tenants', 'create', 'acme')
      globex = await json('tenants', 'create', 'globex')
      const created = await json(
        'keys',
        'create',
        '--tenant',
        'acme',
        '--name',
        'ci',
        '--scopes',
        'tenancy:read',
      )
      key = String(created.key)
      expect(key).to.match(/^vtr_live_[0-9A-Za-z]{36}$/)
      const own = await request(`/tenancy/v1/tenants/${acme.id}`, key)
      expect(own.status).to.equal(200)
      expect(await own.json()).to.include({ id: acme.id, slug: 'acme' })
      expect((await request(`/tenancy/v1/tenants/${globex.id}`, key)).status).to.equal(404)
    })

    it('gives secrets new values while it runs, and its keys stay good', async () => {
      const { rotated } = await json<{ rotated: { name: string }[] } & Row>('secrets', 'rotate', '--all')
      const { secrets } = await json<{ secrets: Row[] } & Row>('secrets', 'list')
      const used = secrets.filter((one) => one.used && String(one.rotate).startsWith('vetrai secrets rotate'))
      expect(rotated.map(({ name }) => name)).to.include.members([
        'redis-password',
        'master-key',
        'encryption',
      ])
      expect(used.filter((one) => one.rotated_at === null).map(({ name }) => name)).to.have.members(
        runtime === 'compose' ? ['fingerprint-key'] : [],
      )
      expect((await request(`/tenancy/v1/tenants/${acme.id}`, key)).status).to.equal(200)
      expect(await json<StartResult>('up')).to.include({ changed: false })
    })

    it('refuses a revoked key within a second', async () => {
      const created = await json(
        'keys',
        'create',
        '--tenant',
        'acme',
        '--name',
        'brief',
        '--scopes',
        'tenancy:read',
      )
      const path = `/tenancy/v1/tenants/${acme.id}`
      expect((await request(path, String(created.key))).status).to.equal(200)
      await json('keys', 'revoke', created.id, '--tenant', 'acme')
      const since = Date.now()
      while ((await request(path, String(created.key))).status !== 401) {
        expect(Date.now() - since, 'milliseconds since the revocation').to.be.lessThan(1000)
      }
    })

    it('creates people who can sign in at once', async () => {
      const argv = [
        'users',
        'create',
        'ann@acme.example',
        '--tenant',
        'acme',
        '--role',
        'org_admin',
        '--password-stdin',
      ]
      const done = await run([...argv, '--json', '--dir', dir], 'a phrase nobody guessed\n')
      expect(done.code, done.stdout + done.stderr).to.equal(0)
      const answer = await fetch(`${started.url}/auth/v1/login`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ email: 'ann@acme.example', password: 'a phrase nobody guessed' }),
      })
      expect(answer.status).to.equal(200)
      expect(await json('users', 'info', 'ann@acme.example', '--tenant', 'acme')).to.include({
        role: 'org_admin',
      })
    })

    it('fills itself with demo data, and does so once', async () => {
      const first = await json<{ tenants: { created: boolean }[] }>('seed')
      expect(first.tenants.every(({ created }) => created)).to.equal(true)
      const again = await json<{ tenants: Row[]; users: Row[]; keys: Row[]; work: Row[] }>('seed')
      const all = [...again.tenants, ...again.users, ...again.keys, ...again.work]
      expect(all.some(({ created }) => created)).to.equal(false)
      // Of its two runs one asks a person; the other ends by itself.
      const runs = async () =>
        (await json<{ data: Row[] }>('workflows', 'runs', '--tenant', 'acme-robotics')).data
      const unfinished = ['queued', 'running', 'waiting']
      let seen = await runs()
      while (seen.filter(({ status }) => unfinished.includes(String(status))).length > 1) {
        await sleep(250)
        seen = await runs()
      }
      const ended = seen.filter(({ status }) => !unfinished.includes(String(status)))
      expect(
        ended.map(({ status }) => status),
        JSON.stringify(seen),
      ).to.deep.equal(['succeeded'])
      expect((await json<{ data: Row[] }>('tenants', 'list', '--all')).data).to.have.length(6)
    })

    it('answers what each command documents', async () => {
      const tenant = ['--tenant', 'acme']
      const job = ['--kind', 'workers.http-request', '--payload', '{"url":"https://app.acme.example"}']
      const hook = 'https://93.184.215.14/hook'
      for (const argv of [
        ['tenants', 'info', 'acme'],
        ['tenants', 'update', 'acme', '--name', 'Acme'],
        ['tenants', 'suspend', 'globex'],
        ['tenants', 'resume', 'globex'],
        ['keys', 'list', ...tenant],
        ['keys', 'info', 'ci', ...tenant],
        ['keys', 'usage', ...tenant],
        ['users', 'list', ...tenant],
        ['users', 'set-role', 'ann@acme.example', 'org_admin', ...tenant],
        ['users', 'sessions', 'ann@acme.example', ...tenant],
        ['users', 'disable', 'ann@acme.example'],
        ['users', 'enable', 'ann@acme.example'],
        ['schedules', 'create', 'nightly', ...tenant, ...job, '--cron', '@daily'],
        ['schedules', 'list', ...tenant],
        ['schedules', 'update', 'nightly', ...tenant, '--time-zone', 'Europe/Berlin'],
        ['schedules', 'preview', 'nightly', ...tenant],
        ['schedules', 'preview', '--every', '60'],
        ['schedules', 'pause', 'nightly', ...tenant],
        ['schedules', 'resume', 'nightly', ...tenant],
        ['schedules', 'delete', 'nightly', ...tenant, '--confirm', 'nightly'],
        ['schedules', 'info', 'kernel.housekeeping'],
        ['schedules', 'run', 'kernel.housekeeping'],
        ['webhooks', 'create', hook, ...tenant, '--events', 'app.never'],
        ['webhooks', 'rotate', hook, ...tenant],
        ['webhooks', 'attempts', hook, ...tenant],
        ['webhooks', 'events', ...tenant],
        ['webhooks', 'delete', hook, ...tenant, '--confirm', hook],
        ['audit', 'list'],
        ['config', 'show'],
        ['config', 'get', 'port'],
        ['config', 'validate'],
        ['migrate', 'up'],
        ['open'],
      ]) {
        await json(...argv)
      }
      const rotated = await json('keys', 'rotate', 'brief', ...tenant).catch(() => undefined)
      expect(rotated, 'a revoked key has no successor').to.equal(undefined)
    })

    it('makes a backup that is whole, in its target and as a file of its own', async () => {
      const { id } = await json('backup', 'create')
      const { backups } = await json<{ backups: { id: string }[] }>('backup', 'list')
      expect(backups.map((one) => one.id)).to.deep.equal([id])
      const file = join(folder.path, 'backup.tar')
      await json('backup', 'download', 'latest', '--output', file)
      for (const which of ['latest', file]) {
        expect(await json('backup', 'verify', which)).to.include({ id, ok: true, opened: true, objects: 0 })
      }
      expect(await json('backup', 'info', String(id))).to.include({ id, kit: true, reason: 'manual' })
      const { targets } = await json<{ targets: object[] }>('backup', 'targets')
      expect(targets).to.have.length(1)
      expect(targets[0]).to.include({ name: 'local', writable: true, backups: 1, problem: null })
      expect(await json('backup', 'prune', '--dry-run')).to.deep.include({ removed: [], objects_removed: 0 })
    })

    it('verifies a key that is piped in', async () => {
      const argv = ['keys', 'verify', '--tenant', 'acme', '--scopes', 'tenancy:read', '--json', '--dir', dir]
      const good = await run(argv, `${key}\n`)
      expect(good.code, good.stdout + good.stderr).to.equal(0)
      expect(good.json()).to.include({ valid: true })
      expect(missingFields(argv, good.json())).to.deep.equal([])
      expect((await run(argv, 'vtr_live_nonsense')).code).to.equal(4)
    })

    it('keeps an audit log that proves itself', async () => {
      const { data } = await json<{ data: { action: string }[] }>('audit', 'list', '--tenant', 'acme')
      expect(data.map(({ action }) => action).join(' ')).to.include('key')
      expect(await json('audit', 'verify', '--tenant', 'acme')).to.include({ ok: true })
      expect(await json('audit', 'verify')).to.include({ ok: true })
    })

    for (const component of killed) {
      it(`heals a killed ${component} and loses nothing that was accepted`, async () => {
        const slug = `before-${component}`
        await json('tenants', 'create', slug)
        const pid = pids(await status())[component]
        expect(pid).to.be.a('number')
        process.kill(Number(pid), 'SIGKILL')
        await eventually(async () => {
          const now = await status()
          return now.ready && pids(now)[component] !== pid
        })
        expect(await json('tenants', 'info', slug)).to.include({ slug })
        expect((await request(`/tenancy/v1/tenants/${acme.id}`, key)).status).to.equal(200)
      })
    }

    it('shows and follows the log of a component', async () => {
      const lines = (await vetrai('logs', 'server', '--lines', '3')).stdout.trim().split('\n')
      expect(lines).to.have.length(3)
      const followed = await runVetrai(['logs', '--follow', '--json', '--dir', dir], {
        until: (text) => text.includes('\n'),
        env: env?.() ?? {},
      })
      expect(JSON.parse(followed.stdout.split('\n')[0] ?? '')).to.have.all.keys('component', 'line')
    })

    more?.({
      dir: () => dir,
      url: () => started.url,
      key: () => key,
      acme: () => acme,
      ...{ vetrai, json, status },
    })

    it('keeps everything through a stop and a start', async () => {
      expect(await json('down')).to.deep.equal({ changed: true })
      const stopped = await vetrai('status', '--json')
      expect(stopped.code).to.equal(3)
      expect(Object.values(pids(stopped.json<DeploymentStatus>())).every((pid) => pid === null)).to.equal(
        true,
      )
      const unreachable = await vetrai('tenants', 'list', '--json')
      expect(unreachable.code).to.equal(3)

      expect(await json('up')).to.include({ created: false, changed: true, url: started.url })
      expect(await json('tenants', 'info', 'acme')).to.include({ id: acme.id })
      expect((await request(`/tenancy/v1/tenants/${acme.id}`, key)).status).to.equal(200)
      expect(await json('audit', 'verify', '--tenant', 'acme')).to.include({ ok: true })
    })

    it('applies a changed setting with the next start', async () => {
      await json('config', 'set', 'auth.signup', 'open')
      expect(await json('up')).to.include({ changed: true })
      expect(await json('up')).to.include({ changed: false })
    })

    it('keeps its data through an uninstall that is told so', async () => {
      expect(await json('uninstall', '--confirm', started.name, '--keep-data')).to.include({
        data_kept: true,
      })
      expect(await json('up')).to.include({ created: false })
      expect(await json('tenants', 'info', 'acme')).to.include({ id: acme.id })
    })

    it('is gone after uninstall, with every process and file but its backups', async () => {
      const before = Object.values(pids(await status()))
      expect((await vetrai('uninstall')).code).to.equal(2)
      expect((await vetrai('uninstall', '--confirm', 'wrong')).code).to.equal(4)
      const gone = await json('uninstall', '--confirm', started.name)
      expect(gone).to.deep.include({ backups: join(dir, 'backups'), left: [] })
      expect(await readdir(dir)).to.deep.equal(['backups'])
      for (const pid of before) expect(await exists(`/proc/${pid}`), `process ${pid}`).to.equal(false)
      expect(await processesOf(dir)).to.deep.equal([])
    })

    async function status(): Promise<DeploymentStatus> {
      return (await ask('status', '--json')).json<DeploymentStatus>()
    }
  })
}

function pids({ components }: DeploymentStatus): Record<string, number | null> {
  return Object.fromEntries(components.map(({ name, pid }) => [name, pid]))
}

async function eventually(holds: () => Promise<boolean>, withinMs = 60_000): Promise<void> {
  const until = Date.now() + withinMs
  while (!(await holds())) {
    expect(Date.now(), 'it took too long').to.be.lessThan(until)
    await sleep(200)
  }
}

/** Command lines of living processes that name a directory. */
async function processesOf(dir: string): Promise<string[]> {
  const all = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const lines = await Promise.all(all.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')))
  return lines.filter((line) => line.includes(dir))
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
