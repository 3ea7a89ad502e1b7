import type { Seeded, SeedResult } from '../operations/seed/seed-demo.js'
import { count } from './format.js'
import { table } from './table.js'
import type { View } from './view.js'

/** How much was made, the new keys, and how to sign in as one of the demo people. */
export const seedView: View<SeedResult> = ({ tenants, users, keys, password_file }, paint) => {
  const made = [tenants, users, keys].map(created)
  const total = made.reduce((sum, number) => sum + number, 0)
  const [newTenants = 0, newUsers = 0, newKeys = 0] = made
  const head =
    total === 0
      ? 'The demo was complete: nothing was changed.'
      : `Made ${count(newTenants, 'tenant')}, ${count(newUsers, 'person', 'people')} and ${count(newKeys, 'key')}.`
  const secrets = keys.filter(({ key }) => key !== null)
  const keyTable =
    secrets.length === 0
      ? []
      : [
          '',
          table(
            secrets,
            [
              { heading: 'TENANT', cell: ({ tenant }) => tenant },
              { heading: 'KEY', cell: ({ name }) => name },
              { heading: 'SECRET (shown this once)', cell: ({ key }) => key ?? '' },
            ],
            paint,
          ),
        ]
  return [
    `${paint.green('✓')} ${head}`,
    ...keyTable,
    '',
    `Sign in as ${users[0]?.email ?? 'one of them'} with the password in ${password_file}`,
  ].join('\n')
}

function created(list: readonly Seeded[]): number {
  return list.filter((seeded) => seeded.created).length
}
