import type { Deployment } from '../../deployment/deployment.js'
import { CliError } from '../../deployment/errors.js'
import type { ClusterFacts } from '../../deployment/lock-file.js'
import type { Engine } from './engine.js'
import type { Rendered } from './render.js'
import { hasDatabaseVolume } from './volumes.js'

/** What one look into the PostgreSQL image and its volume told. */
export interface ClusterLook {
  /** `PG_VERSION` of the volume; null while it holds no cluster. */
  cluster: string | null
  /** Major version of the image's server. */
  major: string
  libc: string | null
  pgvector: string | null
}

/** Says what an image would run a cluster with, without starting it. Only what every Debian or Alpine image has. */
export const LOOK = `
cat "$PGDATA/PG_VERSION" 2>/dev/null || echo none
postgres --version
{ getconf GNU_LIBC_VERSION 2>/dev/null || echo none; }
{ sed -n "s/^default_version *= *'\\(.*\\)'/\\1/p" /usr/share/postgresql/*/extension/vector.control /usr/local/share/postgresql/extension/vector.control 2>/dev/null | head -n 1; }
`

/**
 * Refuses to start PostgreSQL on data that this image would not read as it was written: another major version, an older
 * pgvector, or another C library where text is ordered by it. CliError (exit 4) says how to go on. Looks only where the
 * image differs from the one in use.
 */
export async function guardCluster(
  deployment: Deployment,
  engine: Engine,
  rendered: Rendered,
): Promise<void> {
  if (deployment.config.database.url) return
  const image = rendered.images.postgres
  const { lock } = deployment
  const id = (await engine.docker.getImage(image.use).inspect()).Id
  if (lock.cluster && lock.done.cluster === id) return
  if (!(await hasDatabaseVolume(deployment, engine))) return
  await engine.removeLeftovers('postgres')
  const { stdout } = await engine.compose(
    ['run', '--rm', '--no-deps', '-T', '--entrypoint', 'sh', 'postgres', '-c', LOOK],
    {},
  )
  const problem = judgeCluster(readLook(stdout), lock.cluster)
  if (problem) throw problem
}

/** Reads what LOOK printed. */
export function readLook(text: string): ClusterLook {
  const [cluster = 'none', version = '', libc = 'none', pgvector = ''] = text
    .split('\n')
    .map((line) => line.trim())
  return {
    cluster: cluster === 'none' ? null : cluster,
    major: /(\d+)(?:\.\d+)?/.exec(version)?.[1] ?? '',
    libc: /([\d.]+)$/.exec(libc)?.[1] ?? null,
    pgvector: pgvector || null,
  }
}

/** What is wrong with running a cluster by an image; undefined when nothing is. */
export function judgeCluster(look: ClusterLook, known: ClusterFacts | undefined): CliError | undefined {
  if (look.cluster === null) return undefined
  if (Number(look.cluster) > Number(look.major)) return olderMajor(look.cluster, look.major)
  if (look.cluster !== look.major) return newerMajor(look.cluster, look.major)
  const older = judgePgvector(look, known)
  if (older) return older
  if (known?.orderedByLibc && known.libc !== null && look.libc !== known.libc) {
    return refused(
      'collation_changed',
      `The data is ordered by the C library ${known.libc}; this image has ${look.libc ?? 'another'}, which may order text otherwise, so that indexes would miss rows.`,
      'Keep the image of the earlier Debian release (vetrai config set images.postgres IMAGE), or follow "Another C library" in docs/operations.md: reindex, then refresh the collation version.',
    )
  }
  return undefined
}

/** Whether an image lacks the pgvector that the data needs. */
export function judgePgvector(look: ClusterLook, known: ClusterFacts | undefined): CliError | undefined {
  if (!known?.pgvector || (look.pgvector !== null && !isOlder(look.pgvector, known.pgvector)))
    return undefined
  return refused(
    'pgvector_older',
    `The data was written with pgvector ${known.pgvector}; this image brings ${look.pgvector ?? 'none'}.`,
    `Use an image with pgvector ${known.pgvector} or later: vetrai config set images.postgres IMAGE`,
  )
}

/** The error of an image whose major is before that of the data. */
export function olderMajor(cluster: string, image: string): CliError {
  return refused(
    'postgres_major',
    unreadable(cluster, image),
    `Use an image of PostgreSQL ${cluster} or the backup you made before: a major is never taken back.`,
  )
}

function newerMajor(cluster: string, image: string): CliError {
  return refused(
    'postgres_major',
    unreadable(cluster, image),
    `Move the data, the old kept: vetrai upgrade run (vetrai upgrade plan says what that takes). Or keep an image of PostgreSQL ${cluster}: vetrai config set images.postgres IMAGE`,
  )
}

function unreadable(cluster: string, image: string): string {
  return `The data is PostgreSQL ${cluster}; this image is PostgreSQL ${image}, which cannot read it.`
}

function refused(code: string, message: string, next: string): CliError {
  return new CliError({ code, message, next, exitCode: 4 })
}

function isOlder(a: string, b: string): boolean {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number))
  for (let n = 0; n < 3; n++) {
    const difference = (left?.[n] ?? 0) - (right?.[n] ?? 0)
    if (difference !== 0) return difference < 0
  }
  return false
}

/** Asks the running database what it was made with and notes it, with the image, in lock.json. */
export async function noteCluster(deployment: Deployment, engine: Engine, rendered: Rendered): Promise<void> {
  if (deployment.config.database.url) return
  const { postgres } = rendered.images
  const { ref, usual } = postgres.from ?? postgres
  const { Id: id } = await engine.docker.getImage(postgres.use).inspect()
  if (deployment.lock.cluster?.image && deployment.lock.done.cluster === id) return
  const look = readLook((await engine.compose(['exec', '-T', 'postgres', 'sh', '-c', LOOK])).stdout)
  const cluster: ClusterFacts = {
    major: look.cluster ?? look.major,
    libc: look.libc,
    pgvector: look.pgvector,
    orderedByLibc: await isOrderedByLibc(engine),
    image: { ref, usual },
  }
  await deployment.updateLock(({ held_postgres: held, ...lock }) => ({
    ...lock,
    cluster,
    // What the data stayed with is not gone back to once another image has run it.
    ...(held && held.ref === ref && { held_postgres: held }),
    done: { ...lock.done, cluster: id },
  }))
}

/** Providers other than libc, and its plain byte order, do not depend on the library's version. */
async function isOrderedByLibc(engine: Engine): Promise<boolean> {
  const sql =
    "select datlocprovider = 'c' and datcollate not in ('C', 'POSIX', 'C.UTF-8', 'C.utf8') from pg_database where datname = current_database()"
  const { stdout } = await engine.compose([
    ...['exec', '-T', 'postgres', 'psql', '-U', 'postgres', '-d', 'vetrai', '-Atc', sql],
  ])
  return stdout.trim() === 't'
}
