import type { RepairResult } from '../operations/repair-secrets.js'
import type { View } from './view.js'

/** Which passwords were set, or that none needed it. */
export const repairView: View<RepairResult> = ({ changed, secrets }, paint) => {
  const done = secrets.filter(({ was_accepted }) => !was_accepted).map(({ secret }) => secret)
  const words = changed
    ? `The database accepts again: ${done.join(', ')}.`
    : `The database accepts all ${secrets.length} passwords: nothing was changed.`
  return `${paint.green('✓')} ${words}`
}
