import type { ConfigChange, ConfigValue } from '../operations/config-values.js'
import type { View } from './view.js'

/** A setting's bare value, fit for a script; nothing when it is not set. */
export const configValueView: View<ConfigValue> = ({ value }) => {
  if (value === null) return ''
  return typeof value === 'object' ? JSON.stringify(value, null, 2) : String(value)
}

/** What a change left, and that it takes effect with the next `up`. */
export const configChangeView: View<ConfigChange> = ({ path, value, changed }, paint) => {
  if (!changed) return `${path} was so already.`
  const now = value === null ? '' : ` = ${typeof value === 'string' ? value : JSON.stringify(value)}`
  return `${paint.green('✓')} ${path}${now}\n  ${paint.dim('It takes effect with the next `vetrai up`.')}`
}
