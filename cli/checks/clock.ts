import { lstat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { deploymentPaths } from '../deployment/paths.js'
import { type Check, type CheckContext, type Finding, fail, ok, warn } from './check.js'
import { databaseClock } from './database-clock.js'

const TOLERATED_S = 120

/** The clock has not run back: tokens, certificates and schedules live by it. */
export const clock: Check = {
  name: 'clock',
  title: 'Clock',
  stages: ['up', 'doctor'],
  remedy: 'Set the clock and keep it set: timedatectl set-ntp true',
  run: async (context) => judgeClock(Date.now(), await knownTimes(context)),
}

/** A moment that has certainly passed, or what another clock says now. Times in ms since 1970. */
export interface KnownTime {
  what: string
  at: number
  /** `past`: now must be later. `now`: both must agree. */
  relation: 'past' | 'now'
}

/** Judges the clock by moments known from elsewhere; two minutes off are tolerated. */
export function judgeClock(now: number, known: readonly KnownTime[]): Finding {
  const tolerated = TOLERATED_S * 1000
  for (const { what, at, relation } of known) {
    if (relation === 'past' && at - now > tolerated)
      return fail(`${new Date(now).toISOString()} is before ${what} (${new Date(at).toISOString()})`)
    if (relation === 'now' && Math.abs(at - now) > tolerated)
      return warn(`${what} says ${new Date(at).toISOString()}`)
  }
  return ok(new Date(now).toISOString())
}

async function knownTimes({ dir, deployment, status, engine }: CheckContext): Promise<KnownTime[]> {
  const { lock, journal, config } = deploymentPaths(dir)
  const files: [string, string][] = [
    ['this program was built', fileURLToPath(import.meta.url)],
    ['the deployment was last changed', lock],
    ['the configuration was last changed', config],
    ['the journal was last written', journal],
  ]
  const times = await Promise.all(files.map(async ([what, path]) => ({ what, at: await modified(path) })))
  const past = times.flatMap(({ what, at }): KnownTime[] =>
    at === undefined ? [] : [{ what, at, relation: 'past' }],
  )
  const [database, engineTime] = await Promise.all([
    deployment && status?.ready ? databaseClock(deployment) : undefined,
    engine?.().then(
      ({ time }) => time,
      () => undefined,
    ),
  ])
  return [...past, ...agreeing('the database', database), ...agreeing('the Docker engine', engineTime)]
}

function agreeing(what: string, at: number | undefined): KnownTime[] {
  return at === undefined ? [] : [{ what, at, relation: 'now' }]
}

async function modified(path: string): Promise<number | undefined> {
  return lstat(path).then(
    (stats) => stats.mtimeMs,
    () => undefined,
  )
}
