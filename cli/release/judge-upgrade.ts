import { CliError } from '../deployment/errors.js'
import { compareVersions } from './compare-versions.js'
import type { Release } from './release.js'

/** What an upgrade starts from. */
export interface Installed {
  version: string
  /** Applied migrations, oldest first. */
  migrations: readonly string[]
  /** Major version of the PostgreSQL that will hold the data; undefined where it cannot be told. */
  postgres: number | undefined
}

/** A migration that the new version brings. */
export interface PendingMigration {
  name: string
  /** Whether the version before runs on after it. */
  compatible: boolean
}

/** Why a version may not be gone to from another; undefined where it may. */
export function judgeUpgrade(from: Installed, to: Release): CliError | undefined {
  if (compareVersions(to.version, from.version) < 0) {
    return refused(
      'upgrade_downgrade',
      `${to.version} is older than ${from.version}, which this deployment runs: its schema is never taken back in place.`,
      'Put back the version before with `vetrai upgrade rollback`, or restore a backup that it made: vetrai restore',
    )
  }
  const stops = stopsBetween(from.version, to)
  const [stop] = stops
  if (stop !== undefined) {
    return refused(
      'upgrade_skips',
      `${stop} may not be skipped on the way from ${from.version} to ${to.version}.`,
      `Upgrade to ${stops.join(', then to ')}, then to ${to.version}.`,
    )
  }
  if (compareVersions(from.version, to.minimum_version) < 0) {
    return refused(
      'upgrade_too_old',
      `${to.version} upgrades from ${to.minimum_version} or later; this deployment runs ${from.version}.`,
      `Upgrade to ${to.minimum_version} first.`,
    )
  }
  if (from.postgres !== undefined && !to.postgres.includes(from.postgres)) {
    return refused(
      'upgrade_postgres',
      `${to.version} runs on PostgreSQL ${to.postgres.join(', ')}; the data would be in PostgreSQL ${from.postgres}.`,
      'Name an image of one of those (vetrai config set images.postgres IMAGE): `vetrai upgrade run` moves the data into it. A database of your own you move yourself.',
    )
  }
  return undefined
}

/** What the database lacks of a version, oldest first, and what each migration means for the version before. */
export function pendingMigrations(
  applied: readonly string[],
  known: readonly string[],
  to: Release,
): PendingMigration[] {
  const done = new Set(applied)
  const incompatible = new Set(to.migrations.incompatible)
  return known
    .filter((name) => !done.has(name))
    .map((name) => ({ name, compatible: !incompatible.has(name) }))
}

/** Notes of the versions after `from`, up to the new one. */
export function breakingNotes(from: string, to: Release): Release['breaking'] {
  return to.breaking.filter(
    ({ version }) => compareVersions(version, from) > 0 && compareVersions(version, to.version) <= 0,
  )
}

function stopsBetween(from: string, { version, hard_stops: stops }: Release): string[] {
  return stops
    .filter((stop) => compareVersions(stop, from) > 0 && compareVersions(stop, version) < 0)
    .sort(compareVersions)
}

function refused(code: string, message: string, next: string): CliError {
  return new CliError({ code, message, next, exitCode: 4 })
}
