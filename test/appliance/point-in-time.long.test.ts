import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { findFreePort } from '../../cli/deployment/free-port.js'
import type { RestorableTimes, RestoredTo } from '../../cli/runtimes/runtime.js'
import { missingFields } from '../../cli/testing/documented.js'
import { until } from '../until.js'
import { initAppliance, ok, secretsOf, uniqueName, useAppliance, vetraiIn } from './deployment.js'
import { containersOf, docker, idsOf } from './docker.js'

/** Each test builds on the one before. */
describe('an appliance that archives its database', function () {
  this.timeout(1_800_000)
  const { name, project, folder, dir, vetrai } = useAppliance('pitr')
  const target = () => join(folder(), 'elsewhere')
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
    // As a disk is that anybody may write to.
    await mkdir(target())
    await chmod(target(), 0o777)
    const key = await initAppliance(vetrai, name, ['--objects', 'file'])
    await writeFile(join(folder(), 'recovery.key'), `${key}\n`, { mode: 0o600 })
    const targets = JSON.stringify([{ name: 'elsewhere', folder: target() }])
    await ok(vetrai('config', 'set', 'backup.targets', targets))
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
    const root = join(target(), 'wal', 'archive')
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

  it('tells its server what became of base backups', async () => {
    const { url } = (await ok(vetrai('status', '--json'))).json<{ url: string }>()
    const authorization = `Bearer ${(await secretsOf(dir()))['metrics-token']}`
    const figure = async () => {
      const text = await (await fetch(`${url}/metrics`, { headers: { authorization } })).text()
      return Number(/^vetrai_backup_base_last_success_timestamp_seconds (\S+)$/m.exec(text)?.[1])
    }
    const { base_backups: bases } = (await ok(vetrai('backup', 'base', '--json'))).json<RestorableTimes>()
    const newest = Date.parse(bases.at(-1)?.at ?? '') / 1_000
    await until(async () => (await figure()) === newest, 60_000)
  })

  it('is brought back on another host out of the archive of the lost one, to after its last backup', async () => {
    await ok(vetrai('tenants', 'create', 'backed-up'))
    await ok(vetrai('backup', 'create'))
    await ok(vetrai('tenants', 'create', 'archived'))
    await sleep(20)
    const last = new Date().toISOString()
    await sleep(20)
    await ok(vetrai('tenants', 'create', 'too-late'))
    const { id } = JSON.parse(await readFile(join(dir(), 'lock.json'), 'utf8')) as { id: string }
    await ok(vetrai('backup', 'window'))
    await ok(vetrai('down'))

    const other = vetraiIn(join(folder(), 'other'))
    const otherName = uniqueName('other')
    try {
      const identity = join(folder(), 'recovery.key')
      const flags = ['--name', otherName, '--port', String(await findFreePort()), '--identity-file', identity]
      await ok(other('restore', 'latest', '--from', target(), ...flags))
      const slugsThere = async () => {
        const list = (await ok(other('tenants', 'list', '--json'))).json<{ data: { slug: string }[] }>()
        return list.data.map(({ slug }) => slug)
      }
      expect(await slugsThere())
        .to.include('backed-up')
        .and.not.include('archived')
      const of = ['--from-deployment', id]
      const times = (await ok(other('backup', 'window', ...of, '--json'))).json<RestorableTimes>()
      expect(Date.parse(times.to ?? '')).to.be.above(Date.parse(last))
      await ok(other('restore', '--at', last, ...of, '--confirm', otherName))
      expect(await slugsThere())
        .to.include.members(['backed-up', 'archived'])
        .and.not.include('too-late')
      // Its own archive takes the database that came, with a base backup to begin with.
      await until(async () => {
        const { from } = (await ok(other('backup', 'window', '--json'))).json<RestorableTimes>()
        return Date.parse(from ?? '') > Date.parse(last)
      }, 180_000)
      expect((await ok(other('up', '--json'))).json()).to.include({ changed: false })
    } finally {
      await other('uninstall', '--confirm', otherName, '--quiet')
    }
  })
})
