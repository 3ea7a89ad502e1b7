import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { createDeployment } from '../deployment/create-deployment.js'
import type { Deployment } from '../deployment/deployment.js'
import { runChecks } from '../operations/run-checks.js'
import type { ComponentStatus, RuntimeStatus } from '../runtimes/runtime.js'
import { CHECKS } from './all.js'
import { type CheckContext, ok } from './check.js'
import { judgeClock } from './clock.js'
import { components } from './components.js'
import { judgeDisk, spaceAt } from './disk.js'
import { fileModes } from './file-modes.js'
import { judgeMemory } from './memory.js'
import { migrations } from './migrations.js'
import { judgeNodeVersion } from './node-version.js'
import { judgeHolder, ports } from './ports.js'
import { secrets } from './secrets.js'
import { judgeVersions } from './versions.js'

const MIB = 1024 ** 2

describe('doctor’s checks', () => {
  let folder: string
  let deployment: Deployment

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vetrai-checks-'))
    deployment = await createDeployment(join(folder, 'here'), { config: { name: 'here' } })
  })
  after(() => rm(folder, { recursive: true, force: true }))

  it('all have a name of their own, a title, a stage and a remedy', () => {
    expect(new Set(CHECKS.map(({ name }) => name)).size).to.equal(CHECKS.length)
    for (const { name, title, stages, remedy } of CHECKS) {
      expect([title, remedy], name).not.to.include('')
      expect(stages, name).to.have.length.of.at.least(1)
    }
  })

  it('judge Node.js by its version', () => {
    expect(judgeNodeVersion('18.20.0').level).to.equal('fail')
    expect(judgeNodeVersion('20.18.3').level).to.equal('fail')
    expect(judgeNodeVersion('20.19.0').level).to.equal('ok')
    expect(judgeNodeVersion('22.0.0').level).to.equal('ok')
    expect(judgeNodeVersion('23.1.0').level).to.equal('warn')
  })

  it('judge memory, and leave what already runs alone', () => {
    expect(judgeMemory(100 * MIB, false).level).to.equal('fail')
    expect(judgeMemory(300 * MIB, false).level).to.equal('warn')
    expect(judgeMemory(1024 * MIB, false).level).to.equal('ok')
    expect(judgeMemory(100 * MIB, true).level).to.equal('ok')
    expect(judgeMemory(10 * MIB, true).level).to.equal('warn')
  })

  it('judge the disk, also below a folder that does not exist yet', async () => {
    const space = { place: '/', total: 1, freeFiles: 0, files: 0 }
    expect(judgeDisk({ ...space, free: 100 * MIB }).level).to.equal('fail')
    expect(judgeDisk({ ...space, free: 1024 * MIB }).level).to.equal('warn')
    expect(judgeDisk({ ...space, free: 10_240 * MIB }).level).to.equal('ok')
    const { place, free } = await spaceAt(join(folder, 'not', 'there', 'yet'))
    expect(place).to.equal(folder)
    expect(free).to.be.greaterThan(0)
  })

  it('find a clock that ran back or differs from another', () => {
    const now = Date.parse('2026-11-22T20:00:00Z')
    const later = { what: 'the last change', at: now + 3_600_000, relation: 'past' as const }
    expect(judgeClock(now, [later]).level).to.equal('fail')
    expect(judgeClock(now, [{ ...later, at: now + 60_000 }]).level).to.equal('ok')
    expect(judgeClock(now, [{ ...later, at: 0 }]).level).to.equal('ok')
    expect(judgeClock(now, [{ what: 'the database', at: now - 600_000, relation: 'now' }]).level).to.equal(
      'warn',
    )
    expect(judgeClock(now, [{ what: 'the database', at: now - 5_000, relation: 'now' }]).level).to.equal('ok')
  })

  it('name the process that holds a port', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = typeof address === 'object' && address ? address.port : 0
    await deployment.set('port', port)
    const foreign = await ports.run(context({ deployment }))
    expect(foreign?.level).to.equal('fail')
    expect(foreign?.detail).to.include(`pid ${process.pid}`)
    const own = await ports.run(context({ deployment, status: status([component({ pid: process.pid })]) }))
    expect(own?.level).to.equal('ok')
    await new Promise((resolve) => server.close(resolve))
    expect((await ports.run(context({ deployment })))?.level).to.equal('ok')
  })

  it('say so where the holder of a port is hidden', () => {
    expect(judgeHolder(80, undefined, new Set([1])).detail).to.include('another user')
  })

  it('find secrets that others can read, with the command that closes them', async () => {
    expect((await fileModes.run(context({ deployment, configProblems: [] })))?.level).to.equal('ok')
    const file = deployment.secrets.path('master-key')
    await chmod(file, 0o644)
    const finding = await fileModes.run(context({ deployment, configProblems: [] }))
    expect(finding).to.include({ level: 'fail', remedy: `chmod go-rwx ${file}` })
    expect(finding?.detail).to.include('0644')
    await chmod(file, 0o600)
  })

  it('find secrets that are missing or damaged, and show none', async () => {
    expect((await secrets.run(context({ deployment })))?.level).to.equal('ok')
    const token = await deployment.secret('operator-token')
    await deployment.secrets.write('operator-token', `${token.slice(0, -1)}!`)
    await deployment.secrets.write('master-key', 'short')
    const finding = await secrets.run(context({ deployment }))
    expect(finding).to.include({ level: 'fail', detail: 'master-key is damaged; operator-token is damaged' })
    await rm(deployment.secrets.path('redis-password'))
    expect((await secrets.run(context({ deployment })))?.detail).to.include('redis-password is missing')
  })

  it('judge the versions of what runs', () => {
    expect(judgeVersions([component({ name: 'server', version: '0.1.0' })])).to.equal(undefined)
    const good = [
      component({ name: 'postgres', version: '18.4' }),
      component({ name: 'redis', version: '7.0.15' }),
    ]
    expect(judgeVersions(good)).to.deep.equal(ok('PostgreSQL 18.4, Redis 7.0.15'))
    expect(judgeVersions([component({ name: 'redis', version: '5.0.1' })])?.level).to.equal('fail')
    expect(
      judgeVersions([component({ name: 'postgres', version: 'PostgreSQL 14.2 (Debian)' })])?.level,
    ).to.equal('fail')
  })

  it('ask for pending migrations only while the database runs', async () => {
    const runtime = {
      migrations: async () => [{ name: 'one', applied_at: null }],
    } as unknown as CheckContext['runtime']
    const asleep = context({
      deployment,
      runtime,
      status: status([component({ name: 'postgres', state: 'stopped' })]),
    })
    const awake = context({ deployment, runtime, status: status([component({ name: 'postgres' })]) })
    expect(await migrations.run(asleep)).to.equal(undefined)
    expect(await migrations.run(awake)).to.include({ level: 'warn', detail: '1 migration pending: one' })
  })

  it('tell a stopped deployment from a broken one', async () => {
    const of = (list: ComponentStatus[], ready = false) =>
      components.run(context({ deployment, status: status(list, ready) }))
    expect((await of([component({ state: 'stopped' })]))?.level).to.equal('warn')
    expect(
      (await of([component({}), component({ name: 'redis', state: 'failed', last_error: 'exit 1' })]))
        ?.detail,
    ).to.equal('redis failed exit 1')
    expect((await of([component({}), component({ name: 'redis', state: 'starting' })]))?.level).to.equal(
      'warn',
    )
    expect((await of([component({})]))?.level).to.equal('fail')
    expect((await of([component({})], true))?.level).to.equal('ok')
  })

  it('become a failed check, not a crash, when they break', async () => {
    const broken = {
      name: 'broken',
      title: 'Broken',
      stages: ['doctor' as const],
      remedy: 'None.',
      run: async () => {
        throw new Error('no such thing')
      },
    }
    const report = await runChecks(context({}), [broken])
    expect(report.ok).to.equal(false)
    expect(report.checks[0]).to.include({ level: 'fail', remedy: 'None.' })
    expect(report.checks[0]?.detail).to.include('no such thing')
  })

  it('run only in their stage', async () => {
    const check = {
      name: 'x',
      title: 'X',
      stages: ['up' as const],
      remedy: 'None.',
      run: async () => ok('fine'),
    }
    expect((await runChecks(context({ stage: 'doctor' }), [check])).checks).to.deep.equal([])
    expect((await runChecks(context({ stage: 'up' }), [check])).checks).to.have.length(1)
  })

  function context(parts: Partial<CheckContext>): CheckContext {
    return {
      stage: 'doctor',
      dir: join(folder, 'here'),
      configProblems: undefined,
      deployment: undefined,
      runtime: undefined,
      status: undefined,
      ...parts,
    }
  }
})

function status(list: ComponentStatus[], ready = false): RuntimeStatus {
  return { url: 'http://127.0.0.1:1', version: '0', runtime: 'embedded', ready, components: list }
}

function component(parts: Partial<ComponentStatus>): ComponentStatus {
  return {
    name: 'server',
    pid: 1,
    state: 'running',
    version: null,
    uptime_s: 1,
    memory_bytes: 1,
    last_error: null,
    ...parts,
  }
}
