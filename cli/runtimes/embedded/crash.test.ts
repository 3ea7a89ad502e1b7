import { existsSync } from 'node:fs'
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { expect } from 'chai'
import pg from 'pg'
import { identify, isAlive } from '../../deployment/process-identity.js'
import { loadMemory } from './children-file.js'
import { redisCommand } from './redis-commands.js'
import { livingSupervisor } from './supervisor-client.js'
import { eventually, silent, type TestDeployment, testDeployment } from './test-support.js'

describe('embedded runtime after crashes', function () {
  this.timeout(60_000)
  let test: TestDeployment

  before(async () => {
    test = await testDeployment({ closed: true })
    await test.runtime.up(test.deployment, silent)
    await query(test, 'create table kept (n int)')
  })

  after(() => test.cleanUp())

  for (const name of ['server', 'redis', 'postgres']) {
    it(`heals a killed ${name} within moments and remembers what happened`, async () => {
      const { pid } = await test.component(name)
      const began = Date.now()
      process.kill(pid ?? 0, 'SIGKILL')
      await eventually(async () => {
        const now = await test.component(name)
        return now.state === 'running' && now.pid !== pid
      })

      expect(Date.now() - began).to.be.lessThan(5_000)
      expect((await test.component(name)).last_error).to.match(/was killed by SIGKILL/)
    })
  }

  it('loses no committed row when PostgreSQL is killed', async () => {
    for (let n = 1; n <= 20; n++) await query(test, `insert into kept values (${n})`)
    process.kill((await test.component('postgres')).pid ?? 0, 'SIGKILL')
    await eventually(async () => (await count(test).catch(() => -1)) === 20)
  })

  it('keeps what Redis was told across a clean stop', async () => {
    const password = await test.deployment.secret('redis-password')
    const address = { host: '127.0.0.1', port: test.deployment.lock.ports.redis ?? 0, password }
    await redisCommand(address, ['SET', 'greeting', 'hello'])
    await test.runtime.restart(test.deployment, 'redis', silent)

    expect(await redisCommand(address, ['STRLEN', 'greeting'])).to.equal(':5')
  })

  it('starts Redis empty when its files are damaged, and keeps them for inspection', async () => {
    const folder = join(test.deployment.paths.data, 'redis')
    // Redis has its files open and does not notice; the next start does.
    for (const name of await readdir(join(folder, 'appendonlydir'))) {
      if (name.endsWith('.aof'))
        await writeFile(join(folder, 'appendonlydir', name), 'nonsense\r\n'.repeat(50))
    }
    process.kill((await test.component('redis')).pid ?? 0, 'SIGKILL')
    await eventually(async () => existsSync(join(folder, 'appendonlydir.damaged')))
    await eventually(async () => (await test.component('redis')).state === 'running')
  })

  it('takes no other program that answers on its port for the server', async () => {
    const { host, port } = test.deployment.config
    const other = createServer((_request, response) => response.end('{}'))
    process.kill((await test.component('server')).pid ?? 0, 'SIGKILL')
    await new Promise<void>((resolve) => {
      const listen = () => other.listen(port, host)
      other.once('listening', resolve).on('error', () => setTimeout(listen, 1))
      listen()
    })
    await eventually(async () => (await test.component('server')).last_error?.includes('code') ?? false)
    expect((await test.component('server')).state).not.to.equal('running')

    await new Promise((resolve) => other.close(resolve))
    await eventually(async () => (await test.component('server')).state === 'running')
  })

  it('restarts again and again, ever more slowly, and says the component failed', async () => {
    const { pid } = await test.component('server')
    const source = await readFile(test.programs.server, 'utf8')
    await writeFile(test.programs.server, 'console.log("no licence found"); process.exit(3)')
    process.kill(pid ?? 0, 'SIGKILL')
    await eventually(async () => (await test.component('server')).last_error?.includes('code 3') ?? false)

    const { last_error, state } = await test.component('server')
    expect(state).to.equal('failed')
    expect(last_error).to.include('no licence found')
    await writeFile(test.programs.server, source)
    await test.runtime.up(test.deployment, silent)
    expect((await test.component('server')).state).to.equal('running')
  })

  it('keeps the deployment running when its supervisor is killed, and cleans up on the next up', async () => {
    const supervisor = await livingSupervisor(test.deployment)
    process.kill(supervisor?.pid ?? 0, 'SIGKILL')
    await eventually(async () => !(await livingSupervisor(test.deployment)))
    const orphans = loadMemory(test.deployment.paths.run).children
    expect(orphans.filter(isAlive)).to.have.length(3)
    expect((await test.component('postgres')).last_error).to.include('vetrai up')

    const { changed, status } = await test.runtime.up(test.deployment, silent)
    expect({ changed, ready: status.ready }).to.deep.equal({ changed: true, ready: true })
    expect(orphans.filter(isAlive)).to.have.length(0)
    expect(await count(test)).to.equal(20)
  })

  it('stops what a killed supervisor left behind on down as well', async () => {
    process.kill((await livingSupervisor(test.deployment))?.pid ?? 0, 'SIGKILL')
    await eventually(async () => !(await livingSupervisor(test.deployment)))
    const orphans = loadMemory(test.deployment.paths.run).children

    expect(await test.runtime.down(test.deployment, silent)).to.deep.equal({ changed: true })
    expect(orphans.filter(isAlive)).to.have.length(0)
  })

  it('is not fooled by pid files that name other living processes', async () => {
    const { run, data } = test.deployment.paths
    const impostor = { pid: process.pid, start: '1', purpose: 'supervisor', since: '' }
    await writeFile(join(run, 'supervisor.lock'), JSON.stringify(impostor))
    await writeFile(
      join(run, 'children.json'),
      JSON.stringify({ children: [{ ...impostor, name: 'server' }], lastErrors: {} }),
    )
    await writeFile(join(data, 'postgres', 'cluster', 'postmaster.pid'), `${process.pid}\n`)

    expect((await test.runtime.up(test.deployment, silent)).status.ready).to.equal(true)
    expect(await count(test)).to.equal(20)
  })

  it('finds its PostgreSQL again when even the record of its children is lost', async () => {
    const { pid: postgres } = await test.component('postgres')
    const others = loadMemory(test.deployment.paths.run).children.filter(({ name }) => name !== 'postgres')
    process.kill((await livingSupervisor(test.deployment))?.pid ?? 0, 'SIGKILL')
    for (const { pid } of others) process.kill(pid, 'SIGKILL')
    await rm(join(test.deployment.paths.run, 'children.json'))
    await eventually(() => !others.some(isAlive))

    expect((await test.runtime.up(test.deployment, silent)).status.ready).to.equal(true)
    expect(identify(postgres ?? 0)).to.equal(undefined)
    expect(await count(test)).to.equal(20)
  })

  it('keeps data that root may not share beneath a closed folder outside, and removes it at the end', async () => {
    const isRoot = process.getuid?.() === 0
    const { outside } = test.deployment.lock
    expect(outside).to.have.length(isRoot ? 1 : 0)
    for (const folder of outside) expect((await stat(folder)).isDirectory()).to.equal(true)

    await test.runtime.down(test.deployment, silent)
    await test.runtime.uninstall(test.deployment, silent)
    for (const folder of [...outside, test.deployment.dir]) expect(existsSync(folder)).to.equal(false)
  })
})

async function query(test: TestDeployment, sql: string): Promise<pg.QueryResult> {
  const client = new pg.Client({
    host: '127.0.0.1',
    port: test.deployment.lock.ports.postgres ?? 0,
    user: 'postgres',
    password: await test.deployment.secret('postgres-superuser-password'),
    database: 'postgres',
  })
  client.on('error', () => {})
  await client.connect()
  try {
    return await client.query(sql)
  } finally {
    await client.end()
  }
}

async function count(test: TestDeployment): Promise<number> {
  return Number((await query(test, 'select count(*) as n from kept')).rows[0]?.n)
}
