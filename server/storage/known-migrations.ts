import { readdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

/** Where this version's compiled migrations are. */
export const MIGRATIONS_FOLDER = new URL('../../migrations/', import.meta.url)

const FILE = /^\d{14}-[a-z]+-[a-z0-9-]+\.js$/

/** Names of all migrations a folder holds (this version's own unless given), oldest first. */
export async function knownMigrations(folder: URL = MIGRATIONS_FOLDER): Promise<string[]> {
  const files = await readdir(fileURLToPath(folder))
  return files
    .filter((file) => FILE.test(file))
    .map((file) => file.slice(0, -3))
    .sort()
}

/** The version of the schema a list of applied migrations makes: the name of the newest, or `empty`. */
export function schemaVersion(applied: readonly string[]): string {
  return applied.at(-1) ?? 'empty'
}
