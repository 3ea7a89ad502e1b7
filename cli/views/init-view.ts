import type { InitResult } from '../operations/init-deployment.js'
import { fields } from './fields.js'
import { recoveryKeyLines } from './recovery-key-view.js'
import type { View } from './view.js'

/** A new deployment, where its parts are, and the command that starts it. */
export const initView: View<InitResult> = (result, paint) =>
  [
    `${paint.green('✓')} Created ${paint.bold(result.name)}.`,
    '',
    fields(
      [
        ['directory', result.dir],
        ['url', result.url],
        ['operator', result.operator_email],
        ['password', `in ${result.password_file}`],
      ],
      paint,
    ),
    ...recoveryKeyLines(result.recovery_key, paint),
    '',
    paint.dim('Next: vetrai up'),
  ].join('\n')
