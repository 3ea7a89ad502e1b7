import type { Deployment } from '../../../deployment/deployment.js'
import type { ServiceSpec } from '../services.js'
import { stanzaOf, WAL_CONF, WAL_FOLDER, walFolder } from './repository.js'

/** The cluster's volume where containers see it. */
export const CLUSTER = {
  type: 'volume',
  source: 'postgres',
  target: '/var/lib/postgresql/data',
  volume: { nocopy: true },
}
/** The database's socket, where a container beside it uses it. */
export const SOCKET = {
  type: 'volume',
  source: 'postgres-socket',
  target: '/run/postgresql',
  volume: { nocopy: true },
}

/** What makes base backups beside the database, and the one-off that restores one. */
export function walSpecs(
  deployment: Deployment,
  memory: { wal: string; restore: string; shm: string },
): ServiceSpec[] {
  const networks = walNetworks(deployment)
  const shared = {
    environment: { PGBACKREST_STANZA: stanzaOf(deployment) },
    ...(networks.length > 0
      ? { networks, network_mode: undefined }
      : { networks: undefined, network_mode: 'none' }),
  }
  const spec = (name: string, values: Record<string, unknown>): ServiceSpec => ({
    name,
    fragment: name,
    image: 'postgres',
    values: { ...shared, ...values },
    mounts: [WAL_CONF],
  })
  const repository = walVolumes(deployment)
  return [
    spec('wal', { memory: memory.wal, volumes: [{ ...CLUSTER, read_only: true }, SOCKET, ...repository] }),
    spec('wal-restore', {
      memory: memory.restore,
      shm: memory.shm,
      environment: { ...shared.environment, PGDATA: `${CLUSTER.target}/cluster` },
      volumes: [CLUSTER, ...repository],
    }),
  ]
}

/** The repository, as far as it is on this host, and how it is used. */
export function walVolumes(deployment: Deployment) {
  const folder = walFolder(deployment)
  return [
    {
      type: 'bind',
      source: `${deployment.paths.generated}/${WAL_CONF}`,
      target: '/etc/pgbackrest/pgbackrest.conf',
      read_only: true,
    },
    ...(folder === undefined ? [] : [{ type: 'bind', source: folder, target: WAL_FOLDER }]),
  ]
}

/** A way out for what has no other, where the repository is on another host. Nothing else is in that network. */
export function walNetworks(deployment: Deployment): string[] {
  return walFolder(deployment) === undefined ? ['archive'] : []
}
