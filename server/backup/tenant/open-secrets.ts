import type { SealedColumn } from '../../kernel/sealed-column.js'
import { Secrets } from '../../kernel/secrets.js'
import { openLogger } from '../../observability/logger.js'
import { Database } from '../../storage/database.js'
import { openRootKey, WrongMasterSecret } from '../../storage/installation-keys/open-root.js'
import { SealingKeys } from '../../storage/installation-keys/sealing-keys.js'
import type { DatabaseLogin } from '../database/open-client.js'
import { tenantError } from './tenant-error.js'

export interface OpenSecretsOptions {
  /** The database that has the installation's keys, as vetrai_system. */
  readonly login: DatabaseLogin
  readonly master: string | undefined
  readonly previous: string | undefined
  readonly sealed: readonly SealedColumn[]
}

/** The keys of the installation whose database this is; throws BackupError where the master secret is another. */
export async function openSecrets({ login, master, previous, sealed }: OpenSecretsOptions): Promise<Secrets> {
  if (master === undefined)
    throw tenantError(
      'no_secret',
      'VETRAI_SECRET is not given, so sealed values cannot be read.',
      'Bring the deployment to this version with: vetrai up',
    )
  const url = new URL(login.url)
  if (login.database) url.pathname = `/${login.database}`
  const db = new Database({
    ...{ url: url.href, appPassword: '', systemPassword: login.password ?? '' },
    ...{ poolMax: 2, statementTimeoutMs: 60_000 },
  })
  try {
    const root = await openRootKey({ db, master, previous, sealed })
    const keys = new SealingKeys({ db, root, log: openLogger({ level: 'silent', name: 'backup-tool' }) })
    await keys.load()
    keys.close()
    return new Secrets(root, keys.ring)
  } catch (error) {
    if (!(error instanceof WrongMasterSecret)) throw error
    throw tenantError(
      'wrong_secret',
      'The master secret is not the one that this data was sealed with.',
      'Put secrets/master-key back as it was when the data was written.',
      error,
    )
  } finally {
    await db.close()
  }
}
