import { createHash } from 'node:crypto'
import { Transform } from 'node:stream'
import { silentProgress } from '../../base/progress.js'
import type { ChainVerdict } from '../../clients/resources.js'
import { CliError } from '../../deployment/errors.js'
import { during } from '../../runtimes/during.js'
import { bytes } from '../../views/format.js'
import { createBackup, readBackup } from '../backup/backups.js'
import type { InfoResult } from '../backup/protocol.js'
import { useTool } from '../backup/use-tool.js'
import { beginMaintenance, readMaintenance } from '../maintenance.js'
import type { DeploymentStatus } from '../read-status.js'
import type { RestoreResult } from '../restore/restore.js'
import { checkRemote, checkRoom } from './check-remote.js'
import type { SentArchive } from './move-state.js'
import {
  backupKey,
  close,
  type MoveWork,
  note,
  placeOf,
  removeRemote,
  removeStaging,
  targetOf,
} from './move-work.js'
import { ARCHIVE, type Probe } from './remote-place.js'

/** One step; each is safe to repeat. */
export interface MoveStep {
  name: string
  run(work: MoveWork): Promise<void>
}

/** While the deployment serves: dying here leaves it as it was. */
export const PREPARING: readonly MoveStep[] = [
  { name: 'check', run: check },
  { name: 'rehearse', run: rehearse },
]

/** From here on nothing is accepted. */
export const CLOSING: readonly MoveStep[] = [
  {
    name: 'close',
    run: async (work) => {
      if (work.state.phase === 'preparing') {
        const { on, message, retry_after_s: retry } = await readMaintenance(work.api)
        const before = on ? { message: message ?? '', retry_after_s: retry ?? 300 } : null
        await note(work, { phase: 'closed', rest_before: before })
      }
      await close(work)
    },
  },
  {
    name: 'final-backup',
    run: async (work) => {
      if (work.state.backup !== null) return
      const { id } = await createBackup(work, { targets: null, reason: 'before-move', objects: true })
      await note(work, { backup: id })
    },
  },
]

/** Brings the data over, to a deployment that rests too. */
export const CARRYING: readonly MoveStep[] = [
  { name: 'send', run: send },
  { name: 'restore', run: restore },
  { name: 'compare', run: compare },
]

/** The other one serves, and this one never again by itself. */
export const OPENING: readonly MoveStep[] = [
  {
    name: 'open',
    run: async (work) => {
      const place = placeOf(work)
      const { dir } = targetOf(work.state)
      await during(work.progress, `Serve on ${place.host.name}`, () =>
        place.command(['maintenance', 'off', '--dir', dir]),
      )
    },
  },
  { name: 'leave', run: leave },
]

async function check(work: MoveWork): Promise<void> {
  const place = placeOf(work)
  await removeRemote(work)
  await during(work.progress, `Look at ${place.host.name}`, async () => {
    const probe = await look(work)
    checkRemote(place.host.name, probe, work.version)
    await note(work, {
      to: { ...targetOf(work.state), dir: probe.dir },
      staging: probe.staging,
    })
  })
}

/** A backup while everything goes on: the long part of the work, and what the other host is tried with. */
async function rehearse(work: MoveWork): Promise<void> {
  const { id } = await createBackup(work, { targets: null, reason: 'before-move', objects: true })
  const info = await infoOf(work, id)
  checkRoom(placeOf(work).host.name, await look(work), info)
  if (!work.rehearse) return
  await sendBackup(work, info)
  await during(work.progress, `Try it on ${placeOf(work).host.name}`, () => onArchive(work, ['--dry-run']))
}

async function send(work: MoveWork): Promise<void> {
  const { sent, staging, backup } = work.state
  if (sent !== null && staging !== null && (await placeOf(work).has(staging, sent))) return
  await note(work, { sent: await sendBackup(work, await infoOf(work, backup ?? '')) })
}

async function restore(work: MoveWork): Promise<void> {
  if (work.state.moved_to !== null) return
  const place = placeOf(work)
  const { dir } = targetOf(work.state)
  await removeRemote(work)
  if ((await place.whatStands(dir)) !== 'vacant') checkRemote(place.host.name, await look(work), work.version)
  await note(work, { place_began: true })
  await during(work.progress, `Restore on ${place.host.name}`, async () => {
    const made = await onArchive<RestoreResult>(work, ['--maintenance'])
    const info = await infoOf(work, work.state.backup ?? '')
    if (made.backup.id !== info.id || made.rows !== info.rows) throw notTheSame(place.host.name)
    await note(work, { moved_to: { url: made.url, dir: made.dir, rows: made.rows } })
  })
}

/** The other deployment is ready, rests, and its audit log proves itself; every table was counted as it was loaded. */
async function compare(work: MoveWork): Promise<void> {
  const place = placeOf(work)
  const { dir } = targetOf(work.state)
  await during(work.progress, `Compare with ${place.host.name}`, async () => {
    const status = await place.command<DeploymentStatus>(['status', '--dir', dir])
    const chain = await place.command<ChainVerdict>(['audit', 'verify', '--dir', dir])
    if (!status.ready || status.maintenance === null || !chain.ok) throw notTheSame(place.host.name)
  })
}

async function leave(work: MoveWork): Promise<void> {
  const { moved_to: to, after } = work.state
  const message = movedMessage(to?.url, work.deployment.publicUrl)
  await leaveWith(work, message, after)
  // All is done but for tidying up; what stays is named in the result.
  await removeStaging(work).catch(() => undefined)
}

/** Has the deployment here tell where it went, or stop. Nothing of its data goes. */
export async function leaveWith(work: MoveWork, message: string, after: string): Promise<void> {
  const { runtime, deployment, progress } = work
  const { ready } = await runtime.status(deployment, { brief: true })
  if (ready) await beginMaintenance(work, { message, retry_after_s: MOVED_RETRY_S })
  if (after === 'stop') await runtime.down(deployment, progress)
}

const MOVED_RETRY_S = 3_600

/** What visitors of the old address are told. An address that leads to this host alone is none to tell. */
export function movedMessage(url: string | undefined, before: string): string {
  const isElsewhere =
    url !== undefined && url !== '' && url !== before && !/\/\/(127\.|localhost|\[::1\])/.test(url)
  return isElsewhere
    ? `This service has moved to ${url}`
    : 'This service has moved to another host, which this address will lead to shortly.'
}

function look(work: MoveWork): Promise<Probe> {
  return placeOf(work).probe(targetOf(work.state).dir, work.state.id)
}

function infoOf(work: MoveWork, id: string): Promise<InfoResult> {
  return readBackup(work, { source: { id }, mounts: [] }, {})
}

async function onArchive<T>(work: MoveWork, flags: string[]): Promise<T> {
  const { dir, changes } = targetOf(work.state)
  const staging = work.state.staging ?? ''
  const argv = ['restore', `${staging}/${ARCHIVE}`, '--dir', dir, ...changes, ...flags]
  return placeOf(work).withKey<T>(staging, argv, await backupKey(work))
}

/** Streams a backup as one file to the other host: nothing of it is on a disk in between. */
async function sendBackup(work: MoveWork, backup: InfoResult): Promise<SentArchive> {
  const place = placeOf(work)
  const total = backup.bytes + (backup.object_bytes ?? 0)
  return during(work.progress, `Send to ${place.host.name}`, async (step) => {
    const { stream, result } = meter((done) => step.update(`${bytes(done)} of about ${bytes(total)}`))
    const sending = place.send(work.state.staging ?? '', stream, result)
    const reading = useTool(
      { ...work, progress: silentProgress },
      { verb: 'download', request: { id: backup.id }, output: stream, needsStores: false },
    )
    const [sent, read] = await Promise.allSettled([sending, reading])
    if (sent.status === 'rejected') throw sent.reason
    if (read.status === 'rejected') throw read.reason
    return sent.value
  })
}

/** Counts and hashes what passes. */
function meter(onBytes: (done: number) => void): { stream: Transform; result: () => SentArchive } {
  const hash = createHash('sha256')
  let count = 0
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      count += chunk.length
      onBytes(count)
      done(null, chunk)
    },
  })
  return { stream, result: () => ({ bytes: count, sha256: hash.digest('hex') }) }
}

function notTheSame(host: string): CliError {
  return new CliError({
    code: 'moved_not_the_same',
    message: `What was restored on ${host} is not what was sent, or does not serve as it should.`,
    next: `See its log there (vetrai logs server) while it is there, then run the same command again.`,
  })
}
