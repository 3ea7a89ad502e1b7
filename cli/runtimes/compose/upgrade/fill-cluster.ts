import { compose } from '../../../clients/compose.js'
import type { Deployment } from '../../../deployment/deployment.js'
import { CliError } from '../../../deployment/errors.js'
import type { ClusterMove, CopiedCluster } from '../../cluster-move.js'
import type { Engine } from '../engine.js'
import { composeAsset } from '../installation.js'
import { CLUSTER, SOCKET } from '../point-in-time/wal-specs.js'
import { type ComposeFile, composeText, render } from '../render.js'
import { makeVolume } from '../volumes.js'

const SERVICE = 'move-cluster'

/**
 * Copies all of the running cluster into a new one of another major, in a volume that is made for it, and compares them.
 * CliError `cluster_move_failed` with PostgreSQL's own words.
 */
export async function fillCluster(
  deployment: Deployment,
  engine: Engine,
  { to }: ClusterMove,
  onLine: (line: string) => void,
): Promise<CopiedCluster> {
  const rendered = await render(deployment, { wantedPostgres: true })
  await deployment.withLock('upgrade', () => makeVolume(deployment, engine, rendered, to.volume))
  const { code, stdout, stderr } = await compose(
    await engine.project('-'),
    ['run', '--rm', '--no-deps', '-T', SERVICE],
    { input: composeText(await moving(rendered.file, to.volume)), check: false, onLine },
  )
  if (code !== 0) throw failure(stderr)
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as CopiedCluster
}

/** The project with one more service: PostgreSQL as it will be, on the new volume, reachable by nobody. */
async function moving(file: ComposeFile, volume: string): Promise<ComposeFile> {
  const { postgres } = file.services
  if (!postgres) throw new Error('a database that moves is a service')
  const service = {
    ...postgres,
    profiles: ['one-off'],
    entrypoint: ['bash', '-c', await composeAsset('move-cluster.sh'), SERVICE],
    restart: 'no',
    volumes: [CLUSTER],
    tmpfs: ['/tmp:mode=1777,size=64m', `${SOCKET.target}:mode=1777,size=1m`],
    networks: ['back'],
    healthcheck: { disable: true },
  }
  return {
    ...file,
    services: { ...file.services, [SERVICE]: service },
    volumes: { ...file.volumes, postgres: { name: volume, external: true } },
  }
}

function failure(stderr: string): CliError {
  const lines = stderr.trim().split('\n')
  const telling = lines.filter((line) => /error|fatal|panic|hint/i.test(line))
  return new CliError({
    code: 'cluster_move_failed',
    message: `The database could not be copied into the new version:\n${(telling.length > 0 ? telling : lines).slice(-6).join('\n')}`,
    next: 'Nothing of the present data was touched. Correct the cause, then: vetrai upgrade run',
  })
}
