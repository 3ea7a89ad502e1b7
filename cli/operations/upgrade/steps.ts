import { CliError } from '../../deployment/errors.js'
import type { ClusterHost } from '../../runtimes/cluster-move.js'
import type { ProgressStep } from '../../runtimes/runtime.js'
import type { ServerVersion, UpgradeHost } from '../../runtimes/upgrade-host.js'
import { beginRest, endRest } from './rest.js'
import { isMeasured } from './rollback-conditions.js'
import { smokeChecks } from './smoke.js'
import { takeBackup } from './take-backup.js'
import type { UpgradeContext, UpgradeOptions } from './upgrade-context.js'
import { keepUpgrade, type UpgradeState } from './upgrade-state.js'
import { watchAnswers } from './watch.js'

/** An upgrade that goes on. */
export interface Work extends UpgradeContext {
  from: ServerVersion
  to: ServerVersion
  options: UpgradeOptions
  state: UpgradeState
}

/** One step of an upgrade. Each may be repeated after it was cut short anywhere. */
export interface UpgradeStep {
  name: string
  title: (work: Work) => string
  isNeeded?: (work: Work) => boolean
  run: (work: Work, step: ProgressStep) => Promise<void>
}

const copies = ({ state }: Work) => state.mode === 'copy'
const moves = ({ state }: Work) => state.mode === 'move'
const inPlace = ({ state }: Work) => state.mode === 'in-place'
const rests = (work: Work) => !inPlace(work)

/**
 * What an upgrade does once both versions are here and the way from one to the other is free, in order. Up to `open` whatever
 * fails is put back; from there on everybody may write to the new version.
 */
export const UPGRADE_STEPS: readonly UpgradeStep[] = [
  {
    name: 'backup',
    title: () => 'Make a backup and verify it',
    isNeeded: ({ options }) => !options.skipBackup,
    run: async (work) => {
      const { id } = await takeBackup(work, 'before-upgrade')
      await change(work, { backup: id })
    },
  },
  {
    name: 'reserve',
    title: () => 'Keep some room back',
    // A move fills a volume of its own, which goes where it fails.
    isNeeded: (work) => !moves(work),
    run: ({ host }) => host.reserve(),
  },
  {
    name: 'rest',
    title: () => 'Let the installation rest',
    isNeeded: rests,
    // Noted before it begins: who goes back must end what may have begun, and nothing that others did.
    run: (work) => beginRest(work, () => change(work, { rests: true })),
  },
  {
    name: 'hold',
    title: () => 'Stop the server',
    isNeeded: rests,
    run: async ({ runtime, deployment, host, state, progress }) => {
      if (state.move) await clustersOf(host).keep(state.move)
      await runtime.hold(deployment, progress)
    },
  },
  {
    name: 'move',
    title: ({ state }) => `Copy the database to PostgreSQL ${state.move?.to.major}`,
    isNeeded: moves,
    run: async ({ host, state }, step) => {
      if (state.move) await clustersOf(host).fill(state.move, step)
    },
  },
  {
    name: 'switch',
    title: ({ state }) => `Put PostgreSQL ${state.move?.to.major} in its place`,
    isNeeded: moves,
    run: async ({ runtime, deployment, host, state, progress }) => {
      if (state.move) await clustersOf(host).switchOver(state.move)
      await runtime.hold(deployment, progress)
    },
  },
  {
    name: 'copy',
    title: () => 'Copy the database',
    isNeeded: copies,
    run: ({ host, to, state }) => host.database(to, { verb: 'copy', next: state.databases.next }),
  },
  {
    name: 'migrate',
    title: (work) => (copies(work) ? 'Migrate the copy' : 'Migrate the database'),
    run: async (work) => {
      const { host, to, state } = work
      await host.migrate(to, copies(work) ? state.databases.next : undefined)
      if (moves(work)) await putOnTrial(work)
    },
  },
  {
    name: 'trial',
    title: () => 'Start the new server beside the old one',
    isNeeded: (work) => inPlace(work) && work.host.trial !== undefined,
    run: async ({ host, to, options }) => host.trial?.(to, options.readyWithinS),
  },
  {
    name: 'swap',
    title: () => 'Put the copy in its place',
    isNeeded: copies,
    run: async (work) => {
      const { host, to, state } = work
      await putOnTrial(work, state.databases.next)
      await host.database(to, { verb: 'swap', ...state.databases })
      await change(work, { before_kept: true })
    },
  },
  {
    name: 'start',
    title: ({ to }) => `Start ${to.release.version}`,
    run: async ({ host, to, options, progress }) => {
      await host.choose(to.locked)
      await host.start(options.readyWithinS, progress)
    },
  },
  {
    name: 'smoke',
    title: () => 'Try the new version',
    isNeeded: ({ options }) => options.rollbackOn.some(({ kind }) => kind === 'smoke'),
    run: ({ deployment, to, state }) =>
      smokeChecks(deployment, { ...to.locked, rests: state.mode !== 'in-place' && state.rests }),
  },
  {
    name: 'watch',
    title: ({ options }) => `Watch it for ${options.watchS} s`,
    isNeeded: isWatched,
    run: ({ deployment, options: { watchS, rollbackOn } }, step) =>
      watchAnswers(deployment, { watchS, conditions: rollbackOn }, step),
  },
  {
    name: 'open',
    title: () => 'Open the new version to everybody',
    run: async (work) => {
      const { writes, counted_since } = await work.host.facts(work.to)
      await change(work, { writes, counted_since })
      if (!inPlace(work)) await work.host.endTrial(work.to)
      if (work.state.rests) await endRest(work.deployment)
      await change(work, { rests: false })
    },
  },
  { name: 'record', title: () => 'Note the new version', run: record },
]

/**
 * Whether the answers of the new version are watched. By a copy there is nothing to watch while the installation rests, and
 * once it does not any more, going back would lose what was written.
 */
export function isWatched({ state, options }: Pick<Work, 'state' | 'options'>): boolean {
  return state.mode === 'in-place' && options.watchS > 0 && options.rollbackOn.some(isMeasured)
}

/** Until the new version is open going back loses nothing, because nobody could write, whether or not it rested before. */
async function putOnTrial(work: Work, copy?: string): Promise<void> {
  const { rested } = await work.host.putOnTrial(work.to, copy)
  if (!rested) await change(work, { rests: true })
}

/** Who moves databases; an upgrade that moves one cannot be gone on with where nobody can. */
export function clustersOf({ clusters }: UpgradeHost): ClusterHost {
  if (clusters) return clusters
  throw new CliError({
    code: 'move_impossible',
    message:
      'The upgrade moves the database to another PostgreSQL major, which only a deployment of containers with its own database can.',
    next: 'Set runtime and database in vetrai.yml as they were when it began, then: vetrai upgrade resume',
  })
}

/** Changes the state and keeps it. */
export async function change(
  work: Pick<Work, 'deployment' | 'state'>,
  changes: Partial<UpgradeState>,
): Promise<void> {
  Object.assign(work.state, changes)
  await keepUpgrade(work.deployment, work.state)
}

/** The image is named in vetrai.yml only now, when it has proved itself. */
async function record(work: Work): Promise<void> {
  const { deployment, host, state, to, options } = work
  const { image } = state
  if (image !== undefined) {
    await deployment.withLock('upgrade', () => deployment.set('images.server', image))
  }
  await host.release()
  if (state.earlier !== null) {
    await host.database(to, { verb: 'drop', name: state.earlier })
    await change(work, { earlier: null })
  }
  if (state.before_kept && !options.keepOld) {
    await host.database(to, { verb: 'drop', name: state.databases.before })
    await change(work, { before_kept: false })
  }
}

/** The words of a failure, whatever it is. */
export function failureOf(error: unknown, step: string): NonNullable<UpgradeState['failure']> {
  const code = error instanceof CliError ? error.code : 'unexpected'
  return { step, code, message: error instanceof Error ? error.message : String(error) }
}
