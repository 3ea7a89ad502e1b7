import { readdirSync, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import type { JournalEntry } from '../../cli/deployment/journal.js'
import type { DeploymentLock } from '../../cli/deployment/lock-file.js'
import type { UpgradePlan } from '../../cli/operations/upgrade/plan-upgrade.js'
import type { SettledUpgrade } from '../../cli/operations/upgrade/resume-upgrade.js'
import type { VetraiRun } from '../../cli/testing/run-vetrai.js'
import { ok, type TestAppliance, type Vetrai } from './deployment.js'
import { docker } from './docker.js'
import { Writer } from './writer.js'

/** What upgrades of these tests go without: a backup, and time that nothing needs. */
export const QUICK = ['--skip-backup', '--watch', '0', '--ready-within', '60']

/** As far as one is watched that is to stay, or to fail before. */
export const WATCHED = ['--watch', '1', '--ready-within', '60']

/** What a command that fails says with --json. */
export interface Failure {
  error: { code: string; message: string; next: string }
}

/** What suites that upgrade a deployment look at. */
export interface Upgrading {
  /** The image that runs, by what lock.json says. */
  imageInUse(): Promise<string>
  /** Settles what was cut short. */
  settle(): Promise<SettledUpgrade>
  /** Rows of a query on the deployment's database, as psql prints them. */
  psql(sql: string): Promise<string[]>
  tables(): Promise<string[]>
  /** Of the cluster, but the templates. */
  databases(): Promise<string[]>
  /** A version serves, on a database beside which nothing is left, and to everybody. */
  serves(version: string): Promise<void>
}

export function upgradingOf({ project, dir, vetrai }: TestAppliance): Upgrading {
  const psql = async (sql: string) => {
    const command = ['psql', '-U', 'postgres', '-d', 'vetrai', '-Atc', sql]
    const text = await docker('exec', `${project}-postgres-1`, ...command)
    return text.split('\n').filter(Boolean)
  }
  const tables = () => psql("select tablename from pg_tables where schemaname = 'public'")
  const databases = () => psql('select datname from pg_database where not datistemplate order by 1')
  return {
    ...{ psql, tables, databases },
    imageInUse: async () => {
      const lock = JSON.parse(await readFile(join(dir(), 'lock.json'), 'utf8')) as DeploymentLock
      return lock.release?.image?.use ?? ''
    },
    settle: async () => (await ok(vetrai('upgrade', 'resume', '--json'))).json<SettledUpgrade>(),
    serves: async (version) => {
      expect((await ok(vetrai('status', '--json'))).json()).to.include({ version, ready: true })
      expect(await databases()).to.deep.equal(['postgres', 'vetrai'])
      expect((await ok(vetrai('maintenance', 'status', '--json'))).json()).to.include({ on: false })
    },
  }
}

/** Upgrades of a deployment that is written to, which fail and end on the version before. */
export function failingUpgrades(
  { vetrai }: TestAppliance,
  { writer, before }: { writer: () => Writer; before: string },
) {
  /** Seconds of the longest time in which nothing was acknowledged, once something is again. */
  const backInService = async (): Promise<number> => {
    const had = writer().acknowledged.length
    while (writer().acknowledged.length === had) await new Promise((next) => setTimeout(next, 50))
    const seconds = writer().takeGap()
    process.stderr.write(`      ${seconds.toFixed(1)} s without an acknowledged write\n`)
    return seconds
  }
  /** Everything that was acknowledged so far is there. */
  const losesNothing = async () => {
    // Taken before the list is read: what is acknowledged meanwhile need not be in it.
    const acknowledged = [...writer().acknowledged]
    const list = await ok(vetrai('subscribers', 'list', '--tenant', 'acme', '--all', '--json'))
    const { data } = list.json<{ data: { external_id: string }[] }>()
    const written = new Set(data.map((one) => one.external_id))
    for (const id of acknowledged) expect(written.has(id), `${id} is lost`).to.equal(true)
  }
  /** Runs one; answers what it says. */
  const rolledBack = async (image: string, step: string, flags: string[]): Promise<Failure['error']> => {
    writer().takeGap()
    const run = await fails(vetrai('upgrade', 'run', '--to', image, ...flags, '--json'), 1)
    const seconds = await backInService()
    const { error } = run.json<Failure & Record<string, unknown>>()
    expect(error.code, error.message).to.equal('upgrade_rolled_back')
    expect(error.message).to.include(`failed at the step ${step}`).and.include(`${before} serves again`)
    expect(seconds, 'seconds without an acknowledged write').to.be.below(60)
    expect((await ok(vetrai('status', '--json'))).json()).to.include({ version: before, ready: true })
    await losesNothing()
    return error
  }
  return { rolledBack, losesNothing }
}

/** What ended with this exit code; it fails otherwise. */
export async function fails(run: Promise<VetraiRun>, code: number): Promise<VetraiRun> {
  const done = await run
  expect(done.code, done.stdout + done.stderr).to.equal(code)
  return done
}

/** Steps of upgrades that the journal of a deployment names, oldest first. */
export function upgradeSteps(dir: string): string[] {
  const folder = join(dir, 'journal')
  const lines = readdirSync(folder).flatMap((file) => readFileSync(join(folder, file), 'utf8').split('\n'))
  return lines.flatMap((line) => {
    // Asked again and again: only what it is about is parsed, and the last line may be half written.
    if (!line.includes('"action":"upgrade"') || !line.endsWith('}')) return []
    const step = (JSON.parse(line) as JournalEntry).detail?.step
    return typeof step === 'string' ? [step] : []
  })
}

/** Writes to a deployment as one of its organisations, by a key that may. */
export async function startWriter(vetrai: Vetrai, tenant: string): Promise<Writer> {
  const made = await ok(
    vetrai(
      ...['keys', 'create', '--tenant', tenant, '--name', 'writer'],
      ...['--scopes', 'notifications:write', '--json'],
    ),
  )
  const { url } = (await ok(vetrai('status', '--json'))).json<{ url: string }>()
  return new Writer(url, made.json<{ key: string }>().key)
}

/** A plan with something in each place that may be null, to be held against the fields that are documented. */
export function wholePlan(plan: UpgradePlan): UpgradePlan {
  const { database, problem } = plan
  const move = database.move ?? { postgres: 18, image: 'one', kept_volume: 'one', rest_s: 1 }
  return { ...plan, database: { ...database, move }, problem: problem ?? { code: '', message: '', next: '' } }
}
