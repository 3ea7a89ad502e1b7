import type { ApiKey, CreatedKey, KeyUsage, KeyVerdict } from '../clients/resources.js'
import { fields } from './fields.js'
import { time } from './format.js'
import { pageView } from './page-view.js'
import type { Paint } from './paint.js'
import { recordFields } from './record-fields.js'
import { table } from './table.js'
import type { View } from './view.js'

/** Keys as a table. */
export const keysView = pageView<ApiKey>(
  [
    { heading: 'NAME', cell: ({ name }) => name },
    { heading: 'SCOPES', cell: ({ scopes }) => scopes.join(',') },
    { heading: 'STATUS', cell: ({ state }) => state },
    { heading: 'EXPIRES', cell: ({ expires_at }) => time(expires_at) },
    { heading: 'LAST USED', cell: ({ last_used_at }) => time(last_used_at) },
    { heading: 'ID', cell: ({ id }) => id },
  ],
  'This tenant has no key. Create one: vetrai keys create',
)

/** One key, without its secret. */
export const keyView: View<ApiKey> = (key, paint) => keyFields(key, paint)

/** A new key with its secret, and that it is not shown again. */
export const createdKeyView: View<CreatedKey> = (key, paint) =>
  [keyFields(key, paint), '', paint.bold(key.key), paint.yellow('Keep it now: it is not shown again.')].join(
    '\n',
  )

/** What is said of a key that was asked about. */
export const verdictView: View<KeyVerdict> = ({ valid, code, ...rest }, paint) =>
  [
    valid ? `${paint.green('✓')} The key is good.` : `${paint.red('✗')} The key is refused: ${code}`,
    recordFields(rest, paint),
  ]
    .filter(Boolean)
    .join('\n')

/** Use of keys: the totals of the time asked for, and each bucket in which something happened. */
export const usageView: View<KeyUsage> = ({ from, to, bucket, totals, data }, paint) => {
  const head = `${time(from)} – ${time(to)} UTC, by ${bucket}`
  const rows = [...data, { start: 'total', ...totals }]
  return `${paint.dim(head)}\n${table(
    rows,
    [
      { heading: 'START', cell: ({ start }) => (start === 'total' ? paint.bold(start) : time(start)) },
      { heading: 'REQUESTS', cell: ({ requests }) => String(requests), align: 'right' },
      { heading: 'VERIFICATIONS', cell: ({ verifications }) => String(verifications), align: 'right' },
      { heading: 'CREDITS', cell: ({ credits }) => String(credits), align: 'right' },
    ],
    paint,
  )}`
}

function keyFields(key: ApiKey, paint: Paint): string {
  return fields(
    [
      ['name', paint.bold(key.name)],
      ['id', key.id],
      ['scopes', key.scopes.join(', ')],
      ['state', key.state],
      ['environment', key.environment],
      ['begins', `${key.start}…`],
      ['expires', key.expires_at ? time(key.expires_at) : 'never'],
      ['last used', key.last_used_at ? time(key.last_used_at) : null],
      ['created', time(key.created_at)],
    ],
    paint,
  )
}
