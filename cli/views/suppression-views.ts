import type { Suppression } from '../clients/resources.js'
import { fields } from './fields.js'
import { time } from './format.js'
import { pageView } from './page-view.js'
import type { View } from './view.js'

/** Suppressions as a table. */
export const suppressionsView = pageView<Suppression>(
  [
    { heading: 'ADDRESS', cell: ({ masked }) => masked },
    { heading: 'CHANNEL', cell: ({ channel }) => channel },
    { heading: 'REASON', cell: ({ reason }) => reason },
    { heading: 'SOURCE', cell: ({ source }) => source },
    { heading: 'SINCE', cell: ({ since }) => time(since) },
    { heading: 'ID', cell: ({ id }) => id },
  ],
  'No address is on this list.',
)

/** One suppression. */
export const suppressionView: View<Suppression> = (suppression, paint) =>
  fields(
    [
      ['address', paint.bold(suppression.masked)],
      ['channel', suppression.channel],
      ['reason', suppression.reason],
      ['source', suppression.source],
      ['since', time(suppression.since)],
      ['id', suppression.id],
    ],
    paint,
  )
