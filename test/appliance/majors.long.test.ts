import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { openDeployment } from '../../cli/deployment/deployment.js'
import type { UpgradeRun } from '../../cli/operations/upgrade/history.js'
import type { UpgradeReport } from '../../cli/operations/upgrade/run-upgrade.js'
import { UPGRADE_STEPS } from '../../cli/operations/upgrade/steps.js'
import { makeCredentials } from '../../cli/testing/credentials.js'
import { runVetrai, type VetraiRun } from '../../cli/testing/run-vetrai.js'
import { Cluster, NEWER } from './cluster.js'
import { initAppliance, journaledSteps, ok, uniqueName, useAppliance } from './deployment.js'
import { docker } from './docker.js'
import { engineEnv } from './engine.js'

const FLAGS = ['--skip-backup', '--watch', '0', '--ready-within', '120']
/** Those that a move goes through, with a backup that is made otherwise. */
const STEPS = UPGRADE_STEPS.map(({ name }) => name).filter(
  (name) => !['backup', 'reserve', 'copy', 'trial', 'swap', 'watch'].includes(name),
)
/** From here on everybody may write to the new cluster. */
const PAST_RETURN = ['open', 'record']
/** Parts of going back. */
const GOING_BACK = ['go-back', 'put-back', 'serve']

/** Lets a cluster be made and filled, and never start after that. */
const NEVER_UP = `#!/bin/bash
case "$*" in *wal_level=minimal*) exec docker-entrypoint.real.sh "$@" ;; esac
exit 1
`

/** Each move is killed a step later than the one before, and settled; the deployment is the same throughout. */
describe('a move to another PostgreSQL major that is cut short', function () {
  this.timeout(900_000)
  const { name, project, dir, vetrai } = useAppliance('moves')
  const volume = `${project}-postgres`
  const cluster = new Cluster(project)
  const neverUp = `${uniqueName('vetrai-never-up')}:latest`
  let credentials: () => Promise<void>

  before(async () => {
    await initAppliance(vetrai, name, ['--objects', 'file'])
    await ok(vetrai('up'))
    await ok(vetrai('tenants', 'create', 'acme'))
    credentials = await makeCredentials(await openDeployment(dir()))
    await cluster.ask(
      "create table many as select n, repeat('x', 200) as text from generate_series(1, 200000) n",
    )
    await ok(vetrai('config', 'set', 'images.postgres', NEWER))
  })
  after(() => docker('rmi', '--force', neverUp).catch(() => undefined))

  for (const step of STEPS.filter((one) => !PAST_RETURN.includes(one))) {
    it(`as it begins the step ${step} is put back, with the data`, async () => {
      await killed(['upgrade', 'run', ...FLAGS], began(step))
      expect((await ok(vetrai('upgrade', 'resume', '--json'))).json()).to.include({
        outcome: 'rolled-back',
        step,
      })
      await isAsBefore()
    })
  }

  it('in the middle of copying is put back by the next up', async () => {
    await killed(['upgrade', 'run', ...FLAGS], isCopying)
    expect((await ok(vetrai('up', '--json'))).json()).to.include({ changed: true })
    await isAsBefore()
  })

  it('is put back also where going back is cut short, again and again', async () => {
    await killed(['upgrade', 'run', ...FLAGS], began('smoke'))
    for (const step of GOING_BACK) await killed(['upgrade', 'resume'], began(step))
    expect((await ok(vetrai('upgrade', 'resume', '--json'))).json()).to.include({ outcome: 'rolled-back' })
    await isAsBefore()
  })

  it('ends on the old major where the new one never comes up', async () => {
    await makeNeverUp()
    await ok(vetrai('config', 'set', 'images.postgres', neverUp))
    const failed = await vetrai('upgrade', 'run', ...FLAGS, '--json')
    expect(failed.code, failed.stdout + failed.stderr).to.equal(1)
    expect(failed.stdout).to.include('upgrade_rolled_back').and.include('failed at the step switch')
    await isAsBefore()
    await ok(vetrai('config', 'set', 'images.postgres', NEWER))
  })

  it('once it is open to everybody is finished, and the old volume is kept', async () => {
    await killed(['upgrade', 'run', ...FLAGS], began('open'))
    await killed(['upgrade', 'resume'], began('record'))
    expect((await ok(vetrai('upgrade', 'resume', '--json'))).json()).to.include({ outcome: 'finished' })
    expect(await cluster.major()).to.equal('18')
    expect(await cluster.volumes())
      .to.have.length(2)
      .and.include(volume)
    await tenantIsThere()
    await credentials()
    const { data } = (await ok(vetrai('upgrade', 'history', '--json'))).json<{ data: UpgradeRun[] }>()
    expect(data.at(-1)).to.include({ outcome: 'done', resumed: true, kept_volume: volume })
  })

  it('is taken back on demand while the old volume is there, and made again', async () => {
    await ok(vetrai('tenants', 'create', 'later'))
    const refused = await vetrai('upgrade', 'rollback', '--json')
    expect(refused.code).to.equal(2)
    expect(refused.stdout).to.match(/\d+ changes? to rows made since then will be lost/)
    await ok(vetrai('upgrade', 'rollback', '--confirm', name, '--skip-backup'))
    await isAsBefore()
    expect((await vetrai('tenants', 'info', 'later')).code).not.to.equal(0)
    expect((await ok(vetrai('upgrade', 'run', ...FLAGS, '--json'))).json<UpgradeReport>()).to.include({
      mode: 'move',
      postgres: 18,
      kept: volume,
    })
    await docker('volume', 'rm', volume)
    const gone = await vetrai('upgrade', 'rollback', '--json')
    expect(gone.code).to.equal(4)
    expect(gone.stdout).to.include('upgrade_no_way_back')
    expect((await ok(vetrai('up', '--json'))).json()).to.include({ changed: false })
  })

  async function killed(argv: string[], killedWhen: (since: number) => () => boolean): Promise<void> {
    const run = await runVetrai([...argv, '--dir', dir()], {
      env: engineEnv(),
      killedWhen: killedWhen(journaledSteps(dir()).length),
    })
    expect(run.code, told(run)).to.equal(null)
  }

  const told = ({ stdout, stderr }: VetraiRun) => stdout + stderr
  const began = (step: string) => (since: number) => () => journaledSteps(dir()).slice(since).includes(step)

  /** Its container is there, and has begun to copy rows. */
  function isCopying(since: number): () => boolean {
    return () => {
      if (!began('move')(since)()) return false
      const filter = ['--filter', `label=com.docker.compose.project=${project}`]
      const args = ['ps', '--quiet', ...filter, '--filter', 'label=com.docker.compose.service=move-cluster']
      const [id] = run(args).stdout.split('\n')
      return id !== undefined && id !== '' && run(['logs', id]).stderr.includes('copying postgres')
    }
  }

  /** A container may go away meanwhile. */
  function run(args: string[]): { stdout: string; stderr: string } {
    return spawnSync('docker', args, { env: engineEnv(), encoding: 'utf8' })
  }

  async function isAsBefore(): Promise<void> {
    expect(await cluster.major()).to.equal('17')
    expect(await cluster.volumes()).to.deep.equal([volume])
    expect((await ok(vetrai('status', '--json'))).json()).to.include({ ready: true })
    expect((await ok(vetrai('maintenance', 'status', '--json'))).json()).to.include({ on: false })
    await tenantIsThere()
    expect((await ok(vetrai('up', '--json'))).json()).to.include({ changed: false })
  }

  async function tenantIsThere(): Promise<void> {
    expect((await ok(vetrai('tenants', 'info', 'acme', '--json'))).json()).to.include({ slug: 'acme' })
  }

  async function makeNeverUp(): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), 'vetrai-never-up-'))
    const container = await docker('create', NEWER)
    const entrypoint = '/usr/local/bin/docker-entrypoint'
    try {
      const [real, script] = [join(folder, 'real'), join(folder, 'script')]
      await docker('cp', `${container}:${entrypoint}.sh`, real)
      await writeFile(script, NEVER_UP, { mode: 0o755 })
      await docker('cp', real, `${container}:${entrypoint}.real.sh`)
      await docker('cp', script, `${container}:${entrypoint}.sh`)
      await docker('commit', container, neverUp)
    } finally {
      await docker('rm', '--force', container)
      await rm(folder, { recursive: true, force: true })
    }
  }
})
