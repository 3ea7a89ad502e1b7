import { chmod, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import type { RestorableTimes, RestoredTo } from '../../cli/runtimes/runtime.js'
import { missingFields } from '../../cli/testing/documented.js'
import { until } from '../until.js'
import { initAppliance, ok, secretsOf, useAppliance } from './deployment.js'
import { containersOf, docker, idsOf } from './docker.js'

/** Each test builds on the one before. */
describe('an appliance that archives its database', function () {
  this.timeout(600_000)
  const { name, project, dir, vetrai } = useAppliance('pitr')
  let moment: string

  const slugs = async () => {
    const { data } = (await ok(vetrai('tenants', 'list', '--json'))).json<{
      data: { slug: string; status: string }[]
    }>()
    return Object.fromEntries(data.map(({ slug, status }) => [slug, status]))
  }
  const archivingCheck = async () => {
    const run = await vetrai('doctor', '--skip', 'reachability,dns,smtp', '--json')
    const { checks } = run.json<{ checks: { name: string; level: string; detail: string }[] }>()
    return checks.find((check) => check.name === 'archiving')
  }

  before(async () => {
    await initAppliance(vetrai, name, ['--objects', 'file'])
    await ok(vetrai('config', 'set', 'backup.wal', 'true'))
    await ok(vetrai('up'))
  })

  it('makes a first base backup by itself, and tells nobody the key of the archive', async () => {
    const times = async () => (await ok(vetrai('backup', 'window', '--json'))).json<RestorableTimes>()
    await until(async () => (await times()).from !== null, 60_000)
    expect(missingFields(['backup', 'window'], await times())).to.deep.equal([])
    expect((await times()).base_backups[0]).to.include({ type: 'full' })
    const key = (await secretsOf(dir()))['wal-cipher-key'] ?? ''
    expect(key).to.match(/^[0-9a-f]{64}$/)
    expect(JSON.stringify(await containersOf(project))).not.to.include(key)
  })

  it('refuses times that the archive does not reach, and touches nothing', async () => {
    const before = await idsOf(project)
    const early = await vetrai('restore', '--at', '2001-01-01T00:00:00Z', '--confirm', name, '--json')
    expect(early.code).to.equal(4)
    expect(early.stdout).to.include('time_unreachable').and.include('the archive reaches from')
    const late = await vetrai('restore', '--at', '2101-01-01T00:00:00Z', '--confirm', name, '--json')
    expect(late.code).to.equal(2)
    expect(await idsOf(project)).to.deep.equal(before)
  })

  it('is brought back to a moment, with what was before it and nothing of what came after', async () => {
    await ok(vetrai('tenants', 'create', 'early'))
    await sleep(20)
    moment = new Date().toISOString()
    await sleep(20)
    await ok(vetrai('tenants', 'create', 'late'))
    await ok(vetrai('tenants', 'delete', 'early', '--confirm', 'early'))
    expect(await slugs()).to.deep.equal({ early: 'deleting', late: 'active' })

    const run = await ok(vetrai('restore', '--at', moment, '--confirm', name, '--json'))
    const restored = run.json<RestoredTo>()
    expect(await slugs()).to.deep.equal({ early: 'active' })
    expect(Date.parse(restored.reached ?? '')).to.be.at.most(Date.parse(moment))
    expect((await ok(vetrai('audit', 'verify', '--json'))).json()).to.include({ ok: true })

    const volumes = (await docker('volume', 'ls', '--quiet')).split('\n')
    expect(volumes).to.include.members([restored.volume, restored.kept_volume])
    expect(restored.kept_volume).to.equal(`${project}-postgres`)
    expect((await ok(vetrai('up', '--json'))).json()).to.include({ changed: false })
  })

  it('says so where its archive takes nothing, and goes on once it does', async () => {
    expect(await archivingCheck()).to.include({ level: 'ok' })
    const root = join(dir(), 'backups', 'wal', 'archive')
    const [stanza = ''] = await readdir(root)
    const archive = join(root, stanza, '17-1')
    const entries = await readdir(archive, { withFileTypes: true })
    const lives = entries.filter((entry) => entry.isDirectory()).map((entry) => join(archive, entry.name))
    const folders = [archive, ...lives]
    for (const folder of folders) await chmod(folder, 0o500)
    const sql = 'create table w (); drop table w; select pg_switch_wal()'
    const touch = () =>
      docker('exec', `${project}-postgres-1`, 'psql', '-U', 'postgres', '-d', 'postgres', '-c', sql)
    await touch()
    await until(async () => (await archivingCheck())?.level === 'fail', 60_000)
    expect((await archivingCheck())?.detail).to.include('is not taken')
    for (const folder of folders) await chmod(folder, 0o750)
    await touch()
    await until(async () => (await archivingCheck())?.level === 'ok', 90_000)
  })
})
