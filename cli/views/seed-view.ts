import type { Seeded, SeedResult } from '../operations/seed/seed-demo.js'
import { count } from './format.js'
import { table } from './table.js'
import type { View } from './view.js'

/** How much was made, the new keys, and how to sign in as one of the demo people. */
export const seedView: View<SeedResult> = (result, paint) => {
  const { users, keys, password_file } = result
  const made = madeOf(result)
  const head =
    made.length === 0
      ? 'The demo was complete: nothing was changed.'
      : `Made ${new Intl.ListFormat('en').format(made)}.`
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

/** How much of each was made, in words; what was there already is left out. */
function madeOf({ tenants, users, keys, work }: SeedResult): string[] {
  const kinds: [readonly Seeded[], string, string?][] = [
    [tenants, 'tenant'],
    [users, 'person', 'people'],
    [keys, 'key'],
    ...[...new Set(work.map(({ what }) => what))].map((kind): [readonly Seeded[], string] => [
      work.filter(({ what }) => what === kind),
      kind,
    ]),
  ]
  return kinds.flatMap(([list, ...noun]) => {
    const made = list.filter(({ created }) => created).length
    return made === 0 ? [] : [count(made, ...noun)]
  })
}
