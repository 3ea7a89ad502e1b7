import type { InstallResult } from '../operations/install-service.js'
import type { ServiceStatus } from '../operations/read-service.js'
import { fields } from './fields.js'
import type { Paint } from './paint.js'
import type { View } from './view.js'

/** The unit alone, fit for a file. */
export const unitView: View<InstallResult> = ({ text }) => text

/** What was installed, and what is missing still. */
export const installedView: View<InstallResult> = ({ changed, path, active, hint }, paint) => {
  const title = changed
    ? `systemd starts the deployment at boot, by ${path}.`
    : `Already in place: nothing was changed (${path}).`
  const state = active ? [] : [paint.dim('It has not started it now; --now does.')]
  return [`${paint.green('✓')} ${title}`, ...state, ...hintLines(hint, paint)].join('\n')
}

/** Whether the deployment is started at boot, and by what. */
export const serviceView: View<ServiceStatus> = (status, paint) => {
  const { installed, enabled, active, current, starts_at_boot, hint } = status
  const yesNo = (value: boolean) => (value ? paint.green('yes') : paint.yellow('no'))
  const lines = fields(
    [
      ['at boot', yesNo(starts_at_boot)],
      ['unit', installed ? status.path : null],
      ['enabled', installed ? yesNo(enabled) : null],
      ['active', installed ? yesNo(active) : null],
      [
        'current',
        current === false ? `${yesNo(false)}: write it anew with \`vetrai service install\`` : null,
      ],
    ],
    paint,
  )
  return [lines, ...hintLines(hint, paint)].join('\n')
}

function hintLines(hint: string | null, paint: Paint): string[] {
  return hint === null ? [] : [`${paint.cyan('→')} ${hint}`]
}
