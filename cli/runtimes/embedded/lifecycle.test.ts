import { existsSync } from 'node:fs'
import { appendFile, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import { openDeployment } from '../../deployment/deployment.js'
import { CliError } from '../../deployment/errors.js'
import { findFreePort } from '../../deployment/free-port.js'
import type { ShellRequest } from '../runtime.js'
import { cacheFolder } from './cache-folder.js'
import { silent, type TestDeployment, testDeployment } from './test-support.js'

describe('embedded runtime', function () {
  this.timeout(60_000)
  let test: TestDeployment

  before(async () => {
    test = await testDeployment()
  })

  after(() => test.cleanUp())

  it('says what bringing it up would do, and does nothing', async () => {
    const before = await readdir(test.deployment.dir, { recursive: true })
    const { changes } = await test.runtime.plan(test.deployment)

    expect(changes.map(({ action, component }) => `${action} ${component}`)).to.deep.equal([
      ...['create postgres', 'create redis', 'create server', 'migrate database'],
    ])
    expect(await readdir(test.deployment.dir, { recursive: true })).to.deep.equal(before)
  })

  it('brings every component up and says so in the shape that scripts rely on', async () => {
    const { changed, status } = await test.runtime.up(test.deployment, silent)

    expect(changed).to.equal(true)
    expect(status).to.include({
      ready: true,
      runtime: 'embedded',
      version: '0.0.1',
      url: test.deployment.publicUrl,
    })
    expect(status.components.map(({ name }) => name)).to.deep.equal(['postgres', 'redis', 'server'])
    for (const component of status.components) {
      expect(component).to.have.all.keys(
        ...['name', 'pid', 'state', 'version', 'uptime_s', 'memory_bytes', 'last_error'],
      )
      expect(component).to.include({ state: 'running', last_error: null })
      expect(component.pid).to.be.greaterThan(1)
      expect(component.memory_bytes).to.be.greaterThan(1_000_000)
    }
  })

  it('migrates before the server starts: roles first, then what is pending', async () => {
    expect(await migrateCalls(test)).to.deep.equal(['bootstrap', 'up'])
  })

  it('changes nothing when it is brought up again', async () => {
    const before = await pids(test)
    const again = await openDeployment(test.deployment.dir)

    expect((await test.runtime.up(again, silent)).changed).to.equal(false)
    expect(await pids(test)).to.deep.equal(before)
    expect(await migrateCalls(test)).to.have.length(2)
    expect(await planned(test)).to.deep.equal([])
    expect((await test.runtime.status(again)).drift).to.deep.equal([])
  })

  it('has the stores run alone, running or stopped before, until it is brought up', async () => {
    const names = async () =>
      (await test.runtime.status(test.deployment)).components.flatMap(({ name, pid }) => (pid ? [name] : []))
    const { postgres } = await pids(test)
    await test.runtime.hold(test.deployment, silent)
    expect(await names()).to.deep.equal(['postgres', 'redis'])
    expect((await pids(test)).postgres).to.equal(postgres)
    await test.runtime.down(test.deployment, silent)
    await test.runtime.hold(test.deployment, silent)
    expect(await names()).to.deep.equal(['postgres', 'redis'])
    await test.runtime.up(test.deployment, silent)
    expect(await names()).to.deep.equal(['postgres', 'redis', 'server'])
  })

  it('does not mind from which shell it is brought up', async () => {
    const { PATH } = process.env
    process.env.PATH = `/no/such/folder:${PATH}`
    const plan = await planned(test).finally(() => {
      process.env.PATH = PATH
    })
    expect(plan).to.deep.equal([])
  })

  it('serves two who bring it up at once: one does the work, the other finds it done', async () => {
    await test.runtime.down(test.deployment, silent)
    const both = await Promise.all([openDeployment(test.deployment.dir), openDeployment(test.deployment.dir)])
    const results = await Promise.all(both.map((one) => test.runtime.up(one, silent)))

    expect(results.map(({ changed }) => changed).sort()).to.deep.equal([false, true])
    for (const { status } of results) expect(status.ready).to.equal(true)
  })

  it('keeps every secret out of environments and argument lists', async () => {
    const environment = await (await fetch(test.deployment.localUrl)).text()
    const secrets = await readdir(test.deployment.paths.secrets)
    const visible = [environment]
    for (const pid of Object.values(await pids(test))) {
      visible.push(
        await readFile(`/proc/${pid}/cmdline`, 'utf8'),
        await readFile(`/proc/${pid}/environ`, 'utf8'),
      )
    }
    for (const name of secrets) {
      const value = (await readFile(join(test.deployment.paths.secrets, name), 'utf8')).trim()
      for (const text of visible) expect(text.includes(value), name).to.equal(false)
    }
    expect(environment).to.include('DATABASE_APP_PASSWORD_FILE')
  })

  it('restarts one component and leaves the others alone', async () => {
    const before = await pids(test)
    await test.runtime.restart(test.deployment, 'server', silent)
    const after = await pids(test)

    expect(after.server).not.to.equal(before.server)
    expect({ ...after, server: 0 }).to.deep.equal({ ...before, server: 0 })
  })

  it('restarts only the server when its configuration changed', async () => {
    const before = await pids(test)
    await test.deployment.set('port', await findFreePort())
    const reason = 'settings changed: VETRAI_PORT, VETRAI_PUBLIC_URL'
    expect(await planned(test)).to.deep.equal([`recreate server: ${reason}`])
    expect((await test.runtime.status(test.deployment)).drift).to.deep.equal([
      { component: 'server', detail: `recreate: ${reason}` },
    ])
    const { changed, status } = await test.runtime.up(test.deployment, silent)

    expect({ changed, ready: status.ready }).to.deep.equal({ changed: true, ready: true })
    const after = await pids(test)
    expect(after.postgres).to.equal(before.postgres)
    expect(after.server).not.to.equal(before.server)
  })

  it('migrates again when a migration file was added', async () => {
    await writeFile(join(test.programs.migrations, '20260102-second.js'), '')
    expect(await planned(test)).to.deep.equal(['migrate database: 20260101-first'])
    await test.runtime.up(test.deployment, silent)
    expect(await migrateCalls(test)).to.deep.equal(['bootstrap', 'up', 'status', 'up'])
  })

  it('leaves the server out and says why when a migration fails', async () => {
    const broken = join(dirname(test.programs.migrate), 'broken')
    await writeFile(broken, '')
    await writeFile(join(test.programs.migrations, '20260103-third.js'), '')

    const error = await test.runtime.up(test.deployment, silent).catch((reason: unknown) => reason)
    expect(error).to.be.instanceOf(CliError).and.include({ code: 'migration_failed' })
    expect(String(error)).to.include('relation "users" is wrong')

    await rm(broken)
    expect((await test.runtime.up(test.deployment, silent)).status.ready).to.equal(true)
  })

  it('lists migrations with the time they were applied', async () => {
    const list = await test.runtime.migrations(test.deployment)
    expect(list).to.deep.equal([{ name: '20260101-first', applied_at: null }])
  })

  it('applies migrations on request, and writes that down', async () => {
    const { applied } = await test.runtime.migrate(test.deployment, silent)
    expect(applied).to.deep.equal(['20260101-first'])
    const actions = (await test.deployment.journal.entries()).map(({ action }) => action)
    expect(actions).to.include('migrate')
  })

  it('reads the logs of what runs', async () => {
    const lines: string[] = []
    const options = { component: 'server', follow: false, lines: 5 }
    for await (const { line } of test.runtime.logs(test.deployment, options)) lines.push(line)
    expect(lines.at(-1)).to.include('listening')
  })

  it('names the components when asked for one it does not have', async () => {
    const error = await test.runtime
      .restart(test.deployment, 'nginx', silent)
      .catch((reason: unknown) => reason)
    expect(error).to.include({ code: 'component_unknown', exitCode: 2 })
  })

  it('says what to install where there is no psql', async () => {
    const { PATH } = process.env
    process.env.PATH = '/no/such/folder'
    const request: ShellRequest = { target: 'db', role: 'owner', args: [], interactive: false }
    const error = await test.runtime.shell(test.deployment, request).catch((reason: unknown) => reason)
    process.env.PATH = PATH
    expect(error).to.include({ code: 'psql_missing', exitCode: 3 })
  })

  it('stops all processes on down, and says so when there was nothing to stop', async () => {
    const before = await pids(test)

    expect(await test.runtime.down(test.deployment, silent)).to.deep.equal({ changed: true })
    for (const pid of Object.values(before)) expect(existsSync(`/proc/${pid}`)).to.equal(false)
    expect(await test.runtime.down(test.deployment, silent)).to.deep.equal({ changed: false })
    const { ready, components } = await test.runtime.status(test.deployment)
    expect(ready).to.equal(false)
    expect(components.map(({ state }) => state)).to.deep.equal(['stopped', 'stopped', 'stopped'])
    expect(await planned(test)).to.deep.equal(
      ['postgres', 'redis', 'server'].map((name) => `start ${name}: it does not run`),
    )
    for (const target of ['db', 'redis'] as const) {
      const request: ShellRequest = { target, role: 'owner', args: [], interactive: false }
      const refused = await test.runtime.shell(test.deployment, request).catch((reason: unknown) => reason)
      expect(refused, target).to.include({ code: 'not_running', exitCode: 3 })
    }
    const error = await test.runtime.migrations(test.deployment).catch((reason: unknown) => reason)
    expect(error).to.include({ code: 'not_running', exitCode: 3 })
  })

  it('refuses to start where another program holds the port, and names it', async () => {
    const { host, port } = test.deployment.config
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(port, host, resolve))
    const error = await test.runtime.up(test.deployment, silent).catch((reason: unknown) => reason)
    await new Promise((resolve) => other.close(resolve))

    expect(error).to.include({ code: 'port_taken' })
    expect(String(error)).to.include(`process ${process.pid}`)
  })

  it('gives a store another port when a foreign program took the one it had', async () => {
    const taken = test.deployment.lock.ports.redis ?? 0
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(taken, '127.0.0.1', resolve))
    const { status } = await test.runtime.up(test.deployment, silent)
    await new Promise((resolve) => other.close(resolve))

    expect(status.ready).to.equal(true)
    expect(test.deployment.lock.ports.redis).not.to.equal(taken)
  })

  it('restarts the server when its program was built anew and differs', async () => {
    const before = await pids(test)
    await utimes(test.programs.server, new Date(), new Date())
    expect((await test.runtime.up(test.deployment, silent)).changed).to.equal(false)

    await appendFile(test.programs.server, '// another version')
    expect(await planned(test)).to.deep.equal(['recreate server: its program was built anew'])

    expect((await test.runtime.up(test.deployment, silent)).changed).to.equal(true)
    expect((await pids(test)).server).not.to.equal(before.server)
  })

  it('runs jobs in processes of their own when told to, each healthy on a port of its own, and stops them again', async () => {
    const set = async (processes: number) => {
      const file = join(test.deployment.dir, 'vetrai.yml')
      const text = await readFile(file, 'utf8')
      await writeFile(file, text.replace(/processes: \d+/, `processes: ${processes}`))
      return test.runtime.up(await openDeployment(test.deployment.dir), silent)
    }
    const { status } = await set(2)
    expect(status.components.map(({ name, state }) => `${name} ${state}`)).to.deep.equal([
      ...['postgres running', 'redis running', 'server running', 'worker-1 running', 'worker-2 running'],
    ])
    const roles = async (pid: number | null) =>
      /VETRAI_ROLES=([a-z,]*)/.exec(await readFile(`/proc/${pid}/environ`, 'utf8'))?.[1]
    const [server, first, second] = status.components.slice(2)
    expect(await roles(server?.pid ?? null)).to.equal('api,scheduler')
    expect(await roles(first?.pid ?? null)).to.equal('worker')
    const { ports } = (await openDeployment(test.deployment.dir)).lock
    expect(new Set([ports['worker-1'], ports['worker-2']]).size).to.equal(2)
    await test.deployment.set('workers.processes', 1)
    expect(await planned(test)).to.deep.equal([
      'remove worker-2: vetrai.yml no longer asks for it',
      'recreate postgres: its port or number of connections changed',
    ])
    expect((await set(0)).status.components).to.have.length(3)
    expect(existsSync(`/proc/${second?.pid}`)).to.equal(false)
  })

  it('refuses to be removed while it runs', async () => {
    const error = await test.runtime.uninstall(test.deployment, silent).catch((reason: unknown) => reason)
    expect(error).to.include({ code: 'still_running', exitCode: 4 })
  })

  it('leaves nothing behind when it is removed, but what the operator put there', async () => {
    const { dir } = test.deployment
    await test.runtime.down(test.deployment, silent)
    await writeFile(join(dir, 'notes.txt'), 'mine')
    await test.runtime.uninstall(test.deployment, silent)

    expect(await readdir(dir)).to.deep.equal(['notes.txt'])
    expect(existsSync(join(cacheFolder(), 'users', `${test.deployment.id}.json`))).to.equal(false)
  })
})

/** What `up` would do, a line a change. */
async function planned({ runtime, deployment }: TestDeployment): Promise<string[]> {
  const { changes } = await runtime.plan(await openDeployment(deployment.dir))
  return changes.map(({ action, component, reasons }) => `${action} ${component}: ${reasons.join('; ')}`)
}

async function pids(test: TestDeployment): Promise<Record<string, number | null>> {
  const { components } = await test.runtime.status(test.deployment)
  return Object.fromEntries(components.map(({ name, pid }) => [name, pid]))
}

async function migrateCalls({ programs }: TestDeployment): Promise<string[]> {
  const calls = await readFile(join(dirname(programs.migrate), 'calls'), 'utf8')
  return calls.trim().split('\n')
}
