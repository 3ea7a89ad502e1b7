import { count, time } from './format.js'
import { table } from './table.js'
import type { View } from './view.js'

/** Every migration with when it was applied, and how many are pending. */
export interface MigrationReport {
  pending: number
  migrations: { name: string; applied_at: string | null }[]
}

/** The migrations in order, and a last line that says whether any is pending. */
export const migrationsView: View<MigrationReport> = ({ pending, migrations }, paint) => {
  const rows = table(
    migrations,
    [
      { heading: 'MIGRATION', cell: ({ name }) => name },
      {
        heading: 'APPLIED',
        cell: ({ applied_at }) => (applied_at ? time(applied_at) : paint.yellow('pending')),
      },
    ],
    paint,
  )
  const verdict =
    pending === 0 ? 'None is pending.' : `${count(pending, 'migration')} pending: run \`vetrai migrate up\`.`
  return `${rows}\n\n${verdict}`
}
