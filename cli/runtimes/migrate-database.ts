import { createHash } from 'node:crypto'
import type { Deployment } from '../deployment/deployment.js'
import { CliError } from '../deployment/errors.js'

export type MigrateVerb = 'bootstrap' | 'up' | 'status'

/** What a run of the migrate program left. */
export interface MigrateOutput {
  code: number | null
  stdout: string
  stderr: string
}

/** How a runtime runs the migrate program, and what it would run on what. */
export interface Migrator {
  /** Changes when other migrations come with this version. */
  code: string
  /** The database, without credentials; `built-in` for the runtime's own, whose address may change. */
  place: string
  run(verb: MigrateVerb): Promise<MigrateOutput>
}

/** What migrating did: names of the migrations applied, oldest first. */
export interface MigrateResult {
  applied: string[]
}

/** Tells whether the database may lack roles or migrations of this version. Runs nothing. */
export async function mayNeedMigration(
  deployment: Deployment,
  { code, place }: Pick<Migrator, 'code' | 'place'>,
): Promise<boolean> {
  const { bootstrap, migrations } = deployment.lock.done
  return migrations !== code || bootstrap !== (await bootstrapStamp(deployment, place))
}

/**
 * Brings the database to this version: creates or aligns roles and database where their passwords
 * changed, then applies what is pending. Needs a running PostgreSQL. Safe to repeat.
 */
export async function migrateDatabase(deployment: Deployment, migrator: Migrator): Promise<MigrateResult> {
  const stamp = await bootstrapStamp(deployment, migrator.place)
  const isAligned = deployment.lock.done.bootstrap === stamp
  const bootstrap = async () => {
    await runMigrate(migrator, 'bootstrap')
    await noteDone(deployment, { bootstrap: stamp })
  }
  if (!isAligned) await bootstrap()
  const result = await runMigrate(migrator, 'up').catch(async (error: unknown) => {
    if (!isAligned) throw error
    // The roles were thought to be right; a database restored from elsewhere may have others.
    await bootstrap()
    return runMigrate(migrator, 'up')
  })
  await noteDone(deployment, { migrations: migrator.code })
  return { applied: stringsOf(result.applied) }
}

/** Sets the roles of the database to what the secrets say, whatever was noted of them. Needs a running PostgreSQL. */
export async function repairRoles(deployment: Deployment, migrator: Migrator): Promise<void> {
  await runMigrate(migrator, 'bootstrap')
  await noteDone(deployment, { bootstrap: await bootstrapStamp(deployment, migrator.place) })
}

/** Lists every migration of this version with the time it was applied, null while it is pending. */
export async function listMigrations(
  migrator: Migrator,
): Promise<{ name: string; applied_at: string | null }[]> {
  const { migrations } = await runMigrate(migrator, 'status')
  if (!Array.isArray(migrations)) return []
  return migrations.map((row: { name: string; applied_at?: string | null }) => ({
    name: row.name,
    applied_at: row.applied_at ?? null,
  }))
}

/** Random secrets of 32 bytes: a hash of them gives nothing away. */
async function bootstrapStamp(deployment: Deployment, place: string): Promise<string> {
  const names = [
    ...(['database-owner-password', 'database-app-password', 'database-system-password'] as const),
    ...(deployment.config.database.url ? [] : (['postgres-superuser-password'] as const)),
  ]
  const secrets = await Promise.all(names.map((name) => deployment.secret(name)))
  const younger = await Promise.all(
    (['database-monitor-password', 'database-backup-password'] as const).map((name) =>
      deployment.secrets.find(name),
    ),
  )
  return createHash('sha256')
    .update(JSON.stringify([place, [...secrets, ...younger.filter((value) => value !== undefined)]]))
    .digest('hex')
    .slice(0, 32)
}

async function noteDone(deployment: Deployment, done: Record<string, string>): Promise<void> {
  await deployment.updateLock((lock) => ({ ...lock, done: { ...lock.done, ...done } }))
}

async function runMigrate(migrator: Migrator, verb: MigrateVerb): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await migrator.run(verb)
  const parsed = parseObject(stdout)
  if (code === 0 && parsed) return parsed
  throw new CliError({
    code: 'migration_failed',
    message: `migrate ${verb} failed: ${stderr.trim().split('\n').slice(-5).join('\n') || stdout.trim() || `exit code ${code}`}`,
    next: 'Each migration runs in a transaction, so the schema is whole. Correct the cause, then: vetrai migrate up',
  })
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

function stringsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : []
}
