import { existsSync } from 'node:fs'
import { chmod, cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import pg from 'pg'
import { openDeployment } from '../../deployment/deployment.js'
import { leaseCache } from './cache-folder.js'
import { knownSocket } from './control-socket.js'
import { providePostgres } from './postgres-binaries.js'
import { clusterMajor, ensureCluster, ensureOwnedFolder } from './postgres-cluster.js'
import { clearPostmaster } from './postmaster-file.js'
import { type PrivatePostgres, startPrivatePostgres, startPrivateRedis } from './private-stores.js'
import { provideRedis } from './redis-binaries.js'
import { probeRedis, redisCommand } from './redis-commands.js'
import { canTraverse, chooseServiceUser } from './service-user.js'
import { silent, type TestDeployment, temporaryFolder, testDeployment } from './test-support.js'

const SECRET = { superuserPassword: 'x', durable: false }

describe('private PostgreSQL and Redis', function () {
  this.timeout(60_000)
  let folder: string

  before(async () => {
    await leaseCache(`process-${process.pid}`)
    folder = await temporaryFolder()
  })

  after(() => rm(folder, { recursive: true, force: true }))

  it('start beneath a folder that only its owner may enter, and leave nothing there', async () => {
    const closed = join(folder, 'closed')
    await mkdir(closed, { mode: 0o700 })
    const [postgres, redis] = await Promise.all([
      startPrivatePostgres({ dir: closed, fast: true }),
      startPrivateRedis({ dir: closed }),
    ])
    expect(postgres).to.include({ host: '127.0.0.1', adminUser: 'postgres' })
    expect(await probeRedis(redis)).to.equal(true)
    expect(await probeRedis({ ...redis, password: 'wrong' })).to.equal(false)

    await Promise.all([postgres.stop(), redis.kill()])
    expect(await probeRedis(redis)).to.equal(false)
  })

  it('may be killed and started again: PostgreSQL over the same data, Redis without any', async () => {
    const dir = join(folder, 'killed')
    const [postgres, redis] = await Promise.all([startPrivatePostgres({ dir }), startPrivateRedis({ dir })])
    await adminQuery(postgres, 'create table kept (n int); insert into kept values (7)')
    await redisCommand(redis, ['SET', 'greeting', 'hello'])
    const { pid } = postgres
    await Promise.all([postgres.kill(), redis.kill()])
    await postgres.restart()
    const empty = await startPrivateRedis({ dir, port: redis.port, password: redis.password })

    expect(postgres.pid).not.to.equal(pid)
    expect(await adminQuery(postgres, 'select n from kept')).to.deep.equal([{ n: 7 }])
    expect(await redisCommand(empty, ['STRLEN', 'greeting'])).to.equal(':0')
    await Promise.all([postgres.stop(), empty.stop()])
  })

  it('refuse a data directory of another PostgreSQL major, and touch nothing in it', async () => {
    const dataDir = join(folder, 'old')
    await mkdir(dataDir)
    await writeFile(join(dataDir, 'PG_VERSION'), '16\n')
    const binaries = await providePostgres()
    const error = await ensureCluster(binaries, { dataDir, user: undefined }, SECRET).catch(
      (reason: unknown) => reason,
    )

    expect(error).to.include({ code: 'postgres_major_mismatch', exitCode: 4 })
    expect(String(error)).to.include('16').and.include(String(binaries.major))
    expect(await readFile(join(dataDir, 'PG_VERSION'), 'utf8')).to.equal('16\n')
  })

  it('begin a cluster anew whose creation was cut short', async () => {
    const user = chooseServiceUser()
    const place = { dataDir: join(folder, 'store', 'cluster'), user }
    await ensureOwnedFolder(dirname(place.dataDir), user)
    await mkdir(`${place.dataDir}.creating`)
    await writeFile(join(`${place.dataDir}.creating`, 'PG_VERSION'), '18\n')
    const binaries = await providePostgres()

    expect(await ensureCluster(binaries, place, SECRET)).to.deep.equal({ created: true })
    expect(await ensureCluster(binaries, place, SECRET)).to.deep.equal({ created: false })
    expect(await clusterMajor(place.dataDir)).to.equal(binaries.major)
  })

  it('remove a postmaster.pid whose number now belongs to another program', async () => {
    const dataDir = join(folder, 'stale')
    await mkdir(dataDir)
    expect(await clearPostmaster(dataDir)).to.equal('none')
    for (const content of [`${process.pid}\n/elsewhere\n`, '999999999\n', '']) {
      await writeFile(join(dataDir, 'postmaster.pid'), content)
      expect(await clearPostmaster(dataDir)).to.equal('stale')
    }
  })

  it('take a Redis or Valkey from the PATH, but not one that is too old', async () => {
    const bin = join(folder, 'bin')
    await mkdir(bin)
    await fakeProgram(join(bin, 'redis-server'), 'Redis server v=5.0.7 sha=0')
    await fakeProgram(join(bin, 'valkey-server'), 'Valkey server v=8.1.2 sha=0')

    expect(await provideRedis({ path: bin })).to.deep.include({ engine: 'valkey', version: '8.1.2' })
    await rm(join(bin, 'valkey-server'))
    expect((await provideRedis({ path: bin })).command).not.to.include(bin)
  })

  if (existsSync('/usr/bin/apt-get')) {
    it('give a Redis that is fetched to all who want it at the same time', async () => {
      const options = { path: folder, cacheRoot: join(folder, 'cache') }
      const found = await Promise.all([1, 2, 3].map(() => provideRedis(options)))
      expect(new Set(found.map(({ command }) => command))).to.have.property('size', 1)
      expect(await readdir(options.cacheRoot)).to.deep.equal([`redis-${found[0]?.version}`])
    })
  }

  it('know which folders another user can reach', async () => {
    const stranger = { name: 'stranger', uid: 54_321, gid: 54_321 }
    const inner = join(folder, 'outer', 'inner')
    await mkdir(inner, { recursive: true })
    await chmod(join(folder, 'outer'), 0o700)
    expect(await canTraverse(inner, stranger)).to.equal(false)
    await chmod(join(folder, 'outer'), 0o711)
    expect(await canTraverse(inner, stranger)).to.equal(true)
  })
})

describe('a deployment in a long and odd path', function () {
  this.timeout(60_000)
  let test: TestDeployment

  before(async () => {
    test = await testDeployment({ folder: `it's a "path" \\ ${'x'.repeat(110)}` })
  })

  after(() => test.cleanUp())

  it('runs, with its control socket elsewhere, and takes that along when removed', async () => {
    expect((await test.runtime.up(test.deployment, silent)).status.ready).to.equal(true)
    const socket = await knownSocket(test.deployment.paths.run)
    expect(socket).not.to.include('xxx')

    await test.runtime.down(test.deployment, silent)
    await test.runtime.uninstall(test.deployment, silent)
    expect(existsSync(dirname(socket ?? ''))).to.equal(false)
    expect(existsSync(test.deployment.dir)).to.equal(false)
  })
})

describe('a deployment whose cluster was deleted', function () {
  this.timeout(60_000)
  let test: TestDeployment

  before(async () => {
    test = await testDeployment()
  })

  after(() => test.cleanUp())

  it('gets roles and migrations anew', async () => {
    await test.runtime.up(test.deployment, silent)
    await test.runtime.down(test.deployment, silent)
    await rm(join(test.deployment.paths.data, 'postgres', 'cluster'), { recursive: true })
    await test.runtime.up(test.deployment, silent)

    const calls = await readFile(join(dirname(test.programs.migrate), 'calls'), 'utf8')
    expect(calls.trim().split('\n')).to.deep.equal(['bootstrap', 'up', 'bootstrap', 'up'])
  })
})

describe('a copied deployment', function () {
  this.timeout(60_000)
  let test: TestDeployment

  before(async () => {
    test = await testDeployment({ closed: true })
  })

  after(() => test.cleanUp())

  it('is not started on the data of its original', async () => {
    // Only for root does data lie outside the directory.
    if (process.getuid?.() !== 0) return
    await test.runtime.up(test.deployment, silent)
    await test.runtime.down(test.deployment, silent)
    const copy = `${test.deployment.dir}-copy`
    await cp(test.deployment.dir, copy, { recursive: true, verbatimSymlinks: true })

    const error = await test.runtime.up(await openDeployment(copy), silent).catch((reason: unknown) => reason)
    expect(error).to.include({ code: 'deployment_copied', exitCode: 4 })
    expect(String(error)).to.include(test.deployment.dir)
  })
})

async function adminQuery(postgres: PrivatePostgres, sql: string): Promise<unknown[]> {
  const { host, port, adminUser: user, adminPassword: password } = postgres
  const client = new pg.Client({ host, port, user, password, database: 'postgres' })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

async function fakeProgram(path: string, version: string): Promise<void> {
  await writeFile(path, `#!/bin/sh\necho '${version}'\n`, { mode: 0o755 })
}
