import type { RestorableTimes, RestoredTo } from '../runtimes/runtime.js'
import { fields } from './fields.js'
import { bytes } from './format.js'
import { table } from './table.js'
import type { View } from './view.js'

/** The times that can be restored, and the base backups from which. */
export const restorableTimesView: View<RestorableTimes> = ({ from, to, base_backups: bases }, paint) => {
  if (from === null) return 'No point in time can be restored yet: there is no base backup.'
  const window = fields(
    [
      ['from', from],
      ['to', to],
    ],
    paint,
  )
  const rows = table(
    bases,
    [
      { heading: 'BASE BACKUP', cell: ({ label }) => label },
      { heading: 'TYPE', cell: ({ type }) => type },
      { heading: 'WHOLE AT', cell: ({ at }) => at },
      { heading: 'DATABASE', cell: ({ size_bytes: size }) => bytes(size), align: 'right' },
    ],
    paint,
  )
  return [window, '', rows].join('\n')
}

/** What going back did, and what was kept. */
export const restoredToView: View<RestoredTo> = (restored, paint) =>
  [
    `${paint.green('✓')} The database is as it was at ${restored.at}.`,
    '',
    fields(
      [
        ['last transaction', restored.reached],
        ['base backup', restored.base_backup],
        ['volume', restored.volume],
        ['data before', restored.kept_volume],
      ],
      paint,
    ),
    '',
    paint.dim(`When the data before is needed no more: docker volume rm ${restored.kept_volume}`),
  ].join('\n')
