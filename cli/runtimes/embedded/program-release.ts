import { readdir } from 'node:fs/promises'
import type { LockedRelease } from '../../deployment/lock-file.js'
import type { ProgramPaths } from './program-paths.js'

const MIGRATION = /^\d{14}-[a-z0-9-]+\.js$/

/** Names of the migrations that come with programs, oldest first. */
export async function migrationsOf({ migrations }: ProgramPaths): Promise<string[]> {
  const files = await readdir(migrations).catch(() => [])
  return files
    .filter((file) => MIGRATION.test(file))
    .map((file) => file.slice(0, -3))
    .sort()
}

/** What lock.json says of a deployment that runs these programs. */
export async function releaseOfPrograms(programs: ProgramPaths): Promise<LockedRelease> {
  const schema = (await migrationsOf(programs)).at(-1) ?? 'empty'
  return { version: programs.version, schema_version: schema, program: programs.root }
}

/** Whether two are one version with one schema, wherever their programs are. */
export function isSameRelease(a: LockedRelease, b: LockedRelease): boolean {
  return a.version === b.version && a.schema_version === b.schema_version
}
