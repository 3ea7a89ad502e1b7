import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import type { Deployment } from '../../deployment/deployment.js'
import { CliError } from '../../deployment/errors.js'
import type { StoreAddresses } from '../../deployment/server-env.js'
import { folderStamp } from './code-stamp.js'
import { plainEnv } from './host-env.js'
import type { ProgramPaths } from './program-paths.js'

/** What migrating did: names of the migrations applied, oldest first. */
export interface MigrateResult {
  applied: string[]
}

/** Tells whether the database may lack roles or migrations of this version. Costs no process. */
export async function mayNeedMigration(
  deployment: Deployment,
  programs: ProgramPaths,
  addresses: StoreAddresses,
): Promise<boolean> {
  const { bootstrap, migrations } = deployment.lock.done
  if (bootstrap !== (await bootstrapStamp(deployment, addresses))) return true
  return migrations !== (await folderStamp(programs.migrations))
}

/**
 * Brings the database to this version: creates or aligns roles and database where their passwords
 * changed, then applies what is pending. Needs a running PostgreSQL. Safe to repeat.
 */
export async function migrateDatabase(
  deployment: Deployment,
  programs: ProgramPaths,
  addresses: StoreAddresses,
): Promise<MigrateResult> {
  const env = await deployment.migrateEnv(addresses)
  const stamp = await bootstrapStamp(deployment, addresses)
  const isAligned = deployment.lock.done.bootstrap === stamp
  const bootstrap = async () => {
    await runMigrate(programs, 'bootstrap', env)
    await noteDone(deployment, { bootstrap: stamp })
  }
  if (!isAligned) await bootstrap()
  const result = await runMigrate(programs, 'up', env).catch(async (error: unknown) => {
    if (!isAligned) throw error
    // The roles were thought to be right; a database restored from elsewhere may have others.
    await bootstrap()
    return runMigrate(programs, 'up', env)
  })
  await noteDone(deployment, { migrations: await folderStamp(programs.migrations) })
  return { applied: stringsOf(result.applied) }
}

/** Lists every migration of this version with the time it was applied, null while it is pending. */
export async function listMigrations(
  deployment: Deployment,
  programs: ProgramPaths,
  addresses: StoreAddresses,
): Promise<{ name: string; applied_at: string | null }[]> {
  const { migrations } = await runMigrate(programs, 'status', await deployment.migrateEnv(addresses))
  if (!Array.isArray(migrations)) return []
  return migrations.map((row: { name: string; applied_at?: string | null }) => ({
    name: row.name,
    applied_at: row.applied_at ?? null,
  }))
}

/** Random secrets of 32 bytes: a hash of them gives nothing away. */
async function bootstrapStamp(deployment: Deployment, addresses: StoreAddresses): Promise<string> {
  const names = ['database-owner-password', 'database-app-password', 'database-system-password'] as const
  const secrets = await Promise.all(names.map((name) => deployment.secret(name)))
  const target = deployment.config.database.url ?? 'built-in'
  // The port of the built-in one may change; its cluster stays.
  const place = addresses.databaseUrl === undefined ? target : 'built-in'
  return createHash('sha256')
    .update(JSON.stringify([place, secrets]))
    .digest('hex')
    .slice(0, 32)
}

async function noteDone(deployment: Deployment, done: Record<string, string>): Promise<void> {
  await deployment.updateLock((lock) => ({ ...lock, done: { ...lock.done, ...done } }))
}

async function runMigrate(
  programs: ProgramPaths,
  verb: 'bootstrap' | 'up' | 'status',
  env: NodeJS.ProcessEnv,
): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await runNode([programs.migrate, verb], {
    PATH: plainEnv().PATH,
    TZ: 'UTC',
    ...env,
  })
  const parsed = parseObject(stdout)
  if (code === 0 && parsed) return parsed
  throw new CliError({
    code: 'migration_failed',
    message: `migrate ${verb} failed: ${stderr.trim().split('\n').slice(-5).join('\n') || stdout.trim() || `exit code ${code}`}`,
    next: 'Each migration runs in a transaction, so the schema is whole. Correct the cause, then: vetrai migrate up',
  })
}

async function runNode(
  args: string[],
  env: NodeJS.ProcessEnv,
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: '/', env, stdio: ['ignore', 'pipe', 'pipe'] })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, stdout, stderr }))
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
