import { chown, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CliError, isSystemError } from '../../deployment/errors.js'
import type { PostgresBinaries } from './postgres-binaries.js'
import { runProgram } from './run-program.js'
import type { ServiceUser } from './service-user.js'

/** A PostgreSQL data directory and who owns it. */
export interface ClusterPlace {
  /** The data directory itself; its parent must exist, belong to `user` and be reachable. */
  dataDir: string
  user: ServiceUser | undefined
}

/** Major version of a data directory; undefined when it holds no cluster. */
export async function clusterMajor(dataDir: string): Promise<number | undefined> {
  try {
    return Number.parseInt(await readFile(join(dataDir, 'PG_VERSION'), 'utf8'), 10)
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined
    throw error
  }
}

/**
 * Creates a cluster if there is none: superuser `postgres`, UTF-8 with the built-in C.UTF-8 order
 * (the same on every system, so an upgrade of libc breaks no index), data checksums, passwords by
 * SCRAM. An attempt cut short is begun anew; a cluster of another major is refused
 * (CliError `postgres_major_mismatch`).
 */
export async function ensureCluster(
  binaries: PostgresBinaries,
  place: ClusterPlace,
  options: { superuserPassword: string; durable: boolean },
): Promise<{ created: boolean }> {
  const major = await clusterMajor(place.dataDir)
  if (major === binaries.major) return { created: false }
  if (major !== undefined) throw majorMismatch(place.dataDir, major, binaries)
  await rm(draftOf(place), { recursive: true, force: true })
  await initialise(binaries, place, options)
  return { created: true }
}

/** initdb works in a draft folder beside the data directory, so PG_VERSION there means a whole cluster. */
async function initialise(
  binaries: PostgresBinaries,
  place: ClusterPlace,
  { superuserPassword, durable }: { superuserPassword: string; durable: boolean },
): Promise<void> {
  const draft = draftOf(place)
  const passwordFile = `${place.dataDir}.password`
  await writeFile(passwordFile, superuserPassword, { mode: 0o600 })
  if (place.user) await chown(passwordFile, place.user.uid, place.user.gid)
  try {
    const args = [
      ...['-D', draft, '-U', 'postgres', `--pwfile=${passwordFile}`, '-A', 'scram-sha-256'],
      ...['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
      ...['--data-checksums', '--no-instructions'],
      ...(durable ? (process.platform === 'linux' ? ['--sync-method=syncfs'] : []) : ['--no-sync']),
    ]
    const result = await runProgram(binaries.initdb, args, { user: place.user })
    if (result.code !== 0) throw initFailed(result.stderr || result.stdout)
    await moveIntoPlace(draft, place)
  } finally {
    await rm(passwordFile, { force: true })
    await rm(draft, { recursive: true, force: true })
  }
}

async function moveIntoPlace(draft: string, { dataDir }: ClusterPlace): Promise<void> {
  await rm(dataDir, { recursive: true, force: true })
  await rename(draft, dataDir)
}

/** Makes a folder that the service user owns alone; parents of the operator stay as they are. */
export async function ensureOwnedFolder(path: string, user: ServiceUser | undefined): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 })
  if (user) await chown(path, user.uid, user.gid)
}

function draftOf({ dataDir }: ClusterPlace): string {
  return `${dataDir}.creating`
}

function initFailed(output: string): CliError {
  const reason = output.trim().split('\n').at(-1) ?? ''
  return new CliError({
    code: 'postgres_init_failed',
    message: `PostgreSQL could not create its data directory: ${reason}`,
    next: 'Check free disk space and the permissions of the deployment directory: vetrai doctor',
  })
}

function majorMismatch(dataDir: string, major: number, binaries: PostgresBinaries): CliError {
  return new CliError({
    code: 'postgres_major_mismatch',
    message: `${dataDir} was written by PostgreSQL ${major}; this version of VetrAI runs PostgreSQL ${binaries.major}.`,
    next:
      `Nothing was touched. Start it with the VetrAI version that ran PostgreSQL ${major}, take a dump with ` +
      `pg_dump ${major}, then load it into a new deployment (vetrai init --dir NEW_DIR).`,
    exitCode: 4,
  })
}
