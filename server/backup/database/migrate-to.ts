import { knownMigrations } from '../../storage/known-migrations.js'
import { migrateUp } from '../../storage/migrations.js'
import { BackupError } from '../backup-error.js'
import { databaseFailure } from './database-failure.js'
import { type DatabaseLogin, withClient } from './open-client.js'

export interface MigrateToOptions {
  /** The database, as the role that owns it. */
  login: DatabaseLogin
  /** Names of the migrations of a backup. */
  migrations: readonly string[]
  /** Told of each before it runs. */
  onStep?: (name: string) => void
}

/** Makes the schema that a backup was taken at: exactly its migrations, and grants and policies as always. */
export async function migrateTo({ login, migrations, onStep }: MigrateToOptions): Promise<void> {
  await refuseUnknown(migrations)
  try {
    await withClient(login, (client) =>
      migrateUp(client, { only: migrations, ...(onStep ? { onStep } : {}) }),
    )
  } catch (error) {
    throw databaseFailure(error, 'the schema of the backup could not be made')
  }
}

/** Refuses migrations that this version does not know; BackupError says what made them. */
export async function refuseUnknown(migrations: readonly string[]): Promise<void> {
  const known = new Set(await knownMigrations())
  const unknown = migrations.filter((name) => !known.has(name))
  if (unknown.length === 0) return
  throw new BackupError({
    code: 'newer_version',
    message: `made by a newer VetrAI: this version does not know the migration ${unknown.at(-1)}`,
    next: 'Upgrade the command line first, to the version that made the backup or a later one, then run the command again.',
  })
}
