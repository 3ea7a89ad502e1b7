import { statfs } from 'node:fs/promises'
import { compose } from '../../../clients/compose.js'
import { CliError } from '../../../deployment/errors.js'
import type { Engine } from '../engine.js'
import { composeText, type Rendered } from '../render.js'
import type { Route } from './choose-base.js'
import { stanzaOf } from './repository.js'
import { CLUSTER } from './wal-specs.js'

/** What a restored cluster told of itself when it was brought up for a look. */
export interface RestoredCluster {
  /** When its last transaction was committed; null where none came after the base backup. */
  reached: string | null
  timeline: number
  migrations: number
}

/**
 * Fills an empty volume with the database as it was at a time, and looks whether it comes up whole with its schema and roles.
 * CliError `restore_failed`, or `time_not_reached` where the archive ends before that time.
 */
export async function restoreVolume(
  {
    engine,
    rendered,
    volume,
    of,
  }: { engine: Engine; rendered: Rendered; volume: string; of?: string | undefined },
  { base, timeline }: Route,
  time: Date,
  onLine: (line: string) => void,
): Promise<RestoredCluster> {
  const file = structuredClone(rendered.file)
  file.volumes.postgres = { name: volume, external: true }
  const target = time.toISOString().replace('T', ' ').replace('Z', '+00')
  const { code, stdout, stderr } = await compose(
    await engine.project('-'),
    [
      ...['run', '--rm', '--no-deps', '-T', ...(of === undefined ? [] : environmentOf(of))],
      ...['wal-restore', base.label, lineOf({ base, timeline }), target],
    ],
    { input: composeText(file), check: false, onLine },
  )
  if (code !== 0) throw failure(stderr)
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as RestoredCluster
}

/** The generated file says where the cluster is for this deployment's own archive only. */
function environmentOf(id: string): string[] {
  return [
    '-e',
    `PGBACKREST_STANZA=${stanzaOf({ id })}`,
    '-e',
    `PGBACKREST_PG1_PATH=${CLUSTER.target}/cluster`,
  ]
}

/** By number PostgreSQL wants to see where a timeline began, which a repository that is younger does not have. */
function lineOf({ base, timeline }: Route): string {
  return base.timeline === timeline ? 'current' : String(timeline)
}

/** CliError `disk_full` where Docker's disk, if it is on this host, has no room for another copy of the database. */
export async function requireRoom({ docker }: Engine, { base }: Route): Promise<void> {
  const { DockerRootDir: root } = (await docker.info()) as { DockerRootDir?: string }
  const space = root === undefined ? undefined : await statfs(root).catch(() => undefined)
  if (!space || space.bavail * space.bsize > base.size * 1.2) return
  throw new CliError({
    code: 'disk_full',
    message: `${root} has no room for a second copy of the database, which had ${Math.ceil(base.size / 2 ** 20)} MiB.`,
    next: 'Make room first: the present data stays beside the restored. Unused images go with: docker image prune',
    exitCode: 4,
  })
}

function failure(stderr: string): CliError {
  const lines = stderr.trim().split('\n')
  if (stderr.includes('recovery ended before configured recovery target was reached')) {
    const last = /last completed transaction was at log time (.+)$/m.exec(stderr)?.[1]
    return new CliError({
      code: 'time_not_reached',
      message: `The archive ends before that time: its last transaction is of ${last ?? 'an earlier time'}.`,
      next: 'Name that time, or an earlier one.',
      exitCode: 4,
    })
  }
  // Whoever waits for it is turned away until it has recovered.
  const telling = lines.filter((line) => /ERROR|FATAL|PANIC|HINT/.test(line) && !/is starting up$/.test(line))
  return new CliError({
    code: 'restore_failed',
    message: `The database could not be restored:\n${(telling.length > 0 ? telling : lines).slice(-6).join('\n')}`,
    next: 'Nothing of the present data was touched. Correct the cause and try again, or name another time.',
  })
}
