import type { PlanChange, PlanResult } from '../runtimes/runtime.js'
import type { Paint } from './paint.js'
import { table } from './table.js'
import type { View } from './view.js'

/** What `up` would do, a line a change; its reasons after it. */
export const planView: View<PlanResult> = ({ changes }, paint) => {
  if (changes.length === 0) return `${paint.green('✓')} Nothing to do: everything runs as described.`
  return table(
    changes,
    [
      { heading: 'ACTION', cell: ({ action }) => actionText(action, paint) },
      { heading: 'COMPONENT', cell: ({ component }) => component },
      { heading: 'WHY', cell: ({ reasons }) => reasons.join('; ') },
    ],
    paint,
  )
}

function actionText(action: PlanChange['action'], paint: Paint): string {
  if (action === 'remove' || action === 'stop') return paint.red(action)
  return action === 'recreate' || action === 'migrate' ? paint.yellow(action) : paint.green(action)
}
