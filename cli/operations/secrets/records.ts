import { CliError } from '../../deployment/errors.js'
import type { DeploymentConfig } from '../../deployment/schema.js'
import { targetSecret } from '../../deployment/secrets.js'
import { masterKey } from './master-key.js'
import { operatorToken } from './operator-token.js'
import type { FileSecret, GivenSecret, SecretRecord } from './secret-record.js'
import { encryption, jwt } from './server-keys.js'

const always = () => true
const hasContainers = ({ runtime }: DeploymentConfig) => runtime !== 'embedded'

/** A secret that only a store has to be told of. */
function stored(name: FileSecret['name'], about: string, isUsed: FileSecret['isUsed'] = always): FileSecret {
  return { kind: 'file', name, about, isUsed, inStore: true }
}

function given(
  name: GivenSecret['name'],
  about: string,
  isUsed: GivenSecret['isUsed'],
  how = `replace it there, write it to secrets/${name}, then: vetrai up`,
): GivenSecret {
  return { kind: 'given', name, about, isUsed, how }
}

/** Every secret of a deployment, in the order in which they are shown and rotated. */
export const SECRETS: readonly SecretRecord[] = [
  stored(
    'postgres-superuser-password',
    'lets the installer administer the database',
    ({ database }) => !database.url,
  ),
  stored('database-owner-password', 'lets migrations change the schema'),
  stored('database-app-password', 'lets the server serve requests from the database'),
  stored('database-system-password', 'lets the server work across tenants'),
  stored(
    'database-monitor-password',
    'lets the exporter read figures of the database',
    (config) => hasContainers(config) && config.monitoring.prometheus && !config.database.url,
  ),
  stored('database-backup-password', 'lets backups read the database'),
  stored('redis-password', 'lets the server use Redis', ({ redis }) => !redis.url),
  stored(
    'object-store-secret-key',
    'lets the server use the built-in object store',
    ({ objects }) => objects.store === 'built-in',
  ),
  { ...stored('metrics-token', 'lets scrapers on other hosts read the metrics'), inStore: false },
  stored(
    'grafana-admin-password',
    'lets people into Grafana',
    (config) => hasContainers(config) && config.monitoring.grafana,
  ),
  operatorToken,
  {
    ...stored(
      'fingerprint-key',
      'keys the marks by which containers are told that a secret changed',
      hasContainers,
    ),
    inStore: false,
    byNameOnly: true,
  },
  {
    ...stored(
      'backup-key',
      'opens the backups of this deployment; former keys are kept in it, for older backups',
    ),
    inStore: false,
  },
  masterKey,
  jwt,
  encryption,
  given('operator-password', 'the first password of the operator', always, 'vetrai users set-password'),
  given(
    'wal-cipher-key',
    'encrypts the archive of the database’s changes',
    ({ backup }) => backup.wal,
    'move the archive away (wal/ of the first target of backups), remove secrets/wal-cipher-key, then: vetrai up; what was archived needs the key it was archived with',
  ),
  given('smtp-password', 'password at the mail server', ({ mail }) => mail.smtp !== undefined),
  given('s3-secret-key', 'secret key at the object store', ({ objects }) => objects.store === 's3'),
  given(
    'external-postgres-password',
    'password of the superuser of your own PostgreSQL',
    ({ database }) => !!database.url,
  ),
  given('external-redis-password', 'password of your own Redis', ({ redis }) => !!redis.url),
]

/** Every secret that a deployment of this configuration may have: those of its S3 targets go by their names. */
export function secretRecords({ backup }: DeploymentConfig): readonly SecretRecord[] {
  const targets = backup.targets.filter(({ s3 }) => s3 !== undefined)
  return [
    ...SECRETS,
    ...targets.map(({ name }) =>
      given(
        targetSecret(name),
        `secret key at the S3 store of the backup target ${name}`,
        always,
        `replace it there, then: vetrai config set secrets.${targetSecret(name)}, and vetrai up`,
      ),
    ),
  ]
}

/** The secrets that a command line means: the one it names, or all that this deployment uses and makes itself. */
export function chooseSecrets(name: string | undefined, config: DeploymentConfig): SecretRecord[] {
  if (name === undefined)
    return SECRETS.filter((record) => isRotatedWithAll(record) && isUsed(record, config))
  const record = secretRecords(config).find((one) => one.name === name)
  if (!record) {
    throw new CliError({
      code: 'secret_unknown',
      message: `There is no secret "${name}".`,
      next: 'See their names with: vetrai secrets list',
      exitCode: 2,
    })
  }
  if (record.kind === 'given') {
    throw new CliError({
      code: 'secret_given',
      message: `The secret ${name} is not this deployment's to replace.`,
      next: `How it is replaced: ${record.how}`,
      exitCode: 2,
    })
  }
  if (!isUsed(record, config)) {
    throw new CliError({
      code: 'secret_unused',
      message: `This deployment does not use the secret ${name}.`,
      next: 'See which ones it does with: vetrai secrets list',
      exitCode: 2,
    })
  }
  return [record]
}

function isRotatedWithAll(record: SecretRecord): boolean {
  return record.kind === 'server' || (record.kind === 'file' && !record.byNameOnly)
}

/** Whether a deployment of this configuration uses a secret. */
export function isUsed(record: SecretRecord, config: DeploymentConfig): boolean {
  return record.kind === 'server' || record.isUsed(config)
}
