import type { Deployment } from '../../deployment/deployment.js'
import type { StoreAddresses } from '../../deployment/server-env.js'
import { trySecrets } from '../database-roles.js'
import { during } from '../during.js'
import { type Migrator, repairRoles } from '../migrate-database.js'
import type { AcceptedSecret, Progress } from '../runtime.js'
import { programNames } from './status.js'

/** Signs in to the running database with each password of its roles. */
export async function acceptedSecrets(
  deployment: Deployment,
  { databaseUrl }: StoreAddresses,
): Promise<AcceptedSecret[]> {
  return trySecrets(deployment, deployment.config.database.url ?? databaseUrl ?? '')
}

/**
 * Sets the roles of the running database to what the secrets say, whatever was believed of them, then has the programs
 * that sign in with them begin anew: they read the secrets when they start. Safe to repeat.
 */
export async function repairSecrets(
  deployment: Deployment,
  migrator: Migrator,
  { progress, restart }: { progress: Progress; restart: (names: string[]) => Promise<void> },
): Promise<void> {
  await deployment.withLock('secrets repair', () =>
    deployment.journal.record('secrets repair', () =>
      during(progress, 'Set the roles of the database', () => repairRoles(deployment, migrator)),
    ),
  )
  await restart(programNames(deployment))
}
