import { join } from 'node:path'
import type { Deployment } from '../../../deployment/deployment.js'
import { targetSecret } from '../../../deployment/secrets.js'

/** File below generated/ that pgBackRest reads in its containers; it holds secrets. */
export const WAL_CONF = 'pgbackrest.conf'
/** Where containers find the folder of the repository. */
export const WAL_FOLDER = '/backups/wal'
/** Days that every time of can be restored. */
const KEPT_DAYS = 14

/** Folder of the repository on this host; undefined where a bucket holds it. The first target of backups has it. */
export function walFolder({ config, paths }: Pick<Deployment, 'config' | 'paths'>): string | undefined {
  const [target] = config.backup.targets
  return target?.s3 ? undefined : join(target?.folder ?? paths.backups, 'wal')
}

/** The repository's name for a deployment's database: no other deployment has it, whatever target they share. */
export function stanzaOf({ id }: Pick<Deployment, 'id'>): string {
  return `vetrai-${id}`
}

/** Settings by which PostgreSQL archives. A minute of work at most is not in the repository yet. */
export function archivingSettings(stanza: string): Record<string, string> {
  return {
    wal_level: 'replica',
    archive_mode: 'on',
    archive_command: `pgbackrest --stanza=${stanza} archive-push "%p"`,
    archive_timeout: '60',
  }
}

/** Content of pgbackrest.conf. Secrets stand in this file, of mode 0600, and in no argument or environment. */
export async function pgbackrestConf(deployment: Deployment): Promise<string> {
  return [
    '[global]',
    ...(await repositoryLines(deployment)),
    'repo1-cipher-type=aes-256-cbc',
    `repo1-cipher-pass=${await deployment.secret('wal-cipher-key')}`,
    'repo1-bundle=y',
    'repo1-block=y',
    'repo1-retention-full-type=time',
    `repo1-retention-full=${KEPT_DAYS}`,
    'compress-type=zst',
    'process-max=2',
    'start-fast=y',
    'lock-path=/tmp/pgbackrest',
    'spool-path=/tmp/pgbackrest',
    'log-level-console=warn',
    'log-level-file=off',
    '',
    `[${stanzaOf(deployment)}]`,
    'pg1-path=/var/lib/postgresql/data/cluster',
    'pg1-socket-path=/run/postgresql',
    'pg1-user=postgres',
    '',
  ].join('\n')
}

async function repositoryLines({ config, secrets }: Deployment): Promise<string[]> {
  const [target] = config.backup.targets
  if (!target?.s3) return ['repo1-type=posix', `repo1-path=${WAL_FOLDER}`]
  const { endpoint, region, bucket, prefix, access_key } = target.s3
  const { hostname, port } = new URL(endpoint)
  return [
    'repo1-type=s3',
    `repo1-path=/${[prefix, 'wal'].filter(Boolean).join('/')}`,
    `repo1-s3-endpoint=${hostname}`,
    ...(port ? [`repo1-storage-port=${port}`] : []),
    `repo1-s3-region=${region}`,
    `repo1-s3-bucket=${bucket}`,
    'repo1-s3-uri-style=path',
    `repo1-s3-key=${access_key}`,
    `repo1-s3-key-secret=${await secrets.read(targetSecret(target.name))}`,
  ]
}
