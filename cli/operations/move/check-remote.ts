import { CliError } from '../../deployment/errors.js'
import { bytes } from '../../views/format.js'
import type { InfoResult } from '../backup/protocol.js'
import type { Probe } from './remote-place.js'

/** What a deployment takes before it holds anything: an empty database, its logs, programs. */
const EMPTY_BYTES = 512 * 1024 ** 2
/** Rows with their indexes, beside their log, against the rows alone. */
const ROWS_FACTOR = 3

/** Refuses another host that the deployment could not be moved to. */
export function checkRemote(host: string, probe: Probe, version: string): void {
  const { dir } = probe
  if (probe.version === null) {
    throw refused(
      'remote_without_vetrai',
      `There is no VetrAI on ${host}: ${probe.problem}`,
      'Install it there, or say where its command line is: --remote-vetrai /opt/vetrai/bin/vetrai',
    )
  }
  if (isOlder(probe.version, version)) {
    throw refused(
      'remote_version',
      `VetrAI on ${host} is ${probe.version}, older than ${version} here.`,
      'Bring it to this version there, or to a newer one.',
    )
  }
  if (!probe.vacant) {
    throw refused(
      'remote_dir_occupied',
      `${dir} on ${host} is not empty.`,
      'Nothing there is touched. Name another directory with --remote-dir, or empty that one yourself.',
    )
  }
  if (!probe.writable) {
    throw refused(
      'remote_dir_unwritable',
      `${dir} on ${host} cannot be made: no right to write there.`,
      'Name a directory of that user with --remote-dir, or sign in as another: --to root@HOST',
    )
  }
}

/** Refuses another host that has no room for the archive and what becomes of it. */
export function checkRoom(host: string, { free_bytes: free, dir }: Probe, backup: InfoResult): void {
  const need = roomFor(backup)
  if (!(free < need)) return
  throw refused(
    'remote_disk',
    `${dir} on ${host} has room for ${bytes(free)}; ${bytes(need)} are needed.`,
    'Make room there, or name a directory on a larger disk with --remote-dir.',
  )
}

/** The archive, the objects and the database, each once. */
export function roomFor({ bytes: stored, object_bytes: objects, plain_bytes: plain }: InfoResult): number {
  return stored + 2 * (objects ?? 0) + ROWS_FACTOR * plain + EMPTY_BYTES
}

/** Whether a version is before another; what is no version is not. */
export function isOlder(one: string, other: string): boolean {
  const [a, b] = [one, other].map((version) => version.split(/[.+-]/).slice(0, 3).map(Number))
  for (const place of [0, 1, 2]) {
    const difference = (a?.[place] ?? 0) - (b?.[place] ?? 0)
    if (difference !== 0) return difference < 0
  }
  return false
}

function refused(code: string, message: string, next: string): CliError {
  return new CliError({ code, message, next, exitCode: 4 })
}
