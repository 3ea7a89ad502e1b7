import type { StartResult } from '../operations/start-deployment.js'
import { fields } from './fields.js'
import { recoveryKeyLines } from './recovery-key-view.js'
import type { View } from './view.js'

/** What `up` leaves a person with: the addresses, who signs in, and the file that holds the password. */
export const startView: View<StartResult> = (result, paint) => {
  const title = result.changed ? 'VetrAI is up.' : 'Already up: nothing was changed.'
  const lines = fields(
    [
      ['url', paint.bold(result.url)],
      ['docs', result.docs_url],
      ['operator', result.operator_email],
      ['password', `in ${result.password_file}`],
      ['directory', result.dir],
    ],
    paint,
  )
  const next = result.created
    ? ['', paint.dim('Next: vetrai tenants create SLUG, or vetrai seed for demo data.')]
    : []
  const waiting = result.upgrade
    ? [
        '',
        `${paint.yellow('!')} ${result.upgrade.from} runs; ${result.upgrade.to} waits for: vetrai upgrade plan, then vetrai upgrade run`,
      ]
    : []
  const key = recoveryKeyLines(result.recovery_key, paint)
  return [`${paint.green('✓')} ${title}`, '', lines, ...key, ...next, ...waiting].join('\n')
}
