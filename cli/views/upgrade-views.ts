import type { UpgradeRun } from '../operations/upgrade/history.js'
import type { UpgradePlan } from '../operations/upgrade/plan-upgrade.js'
import type { SettledUpgrade } from '../operations/upgrade/resume-upgrade.js'
import type { RollbackReport } from '../operations/upgrade/roll-back.js'
import type { UpgradeReport } from '../operations/upgrade/run-upgrade.js'
import { fields } from './fields.js'
import { bytes, count, duration, time } from './format.js'
import type { Paint } from './paint.js'
import { table } from './table.js'
import type { View } from './view.js'

const DOWNTIMES: Record<UpgradePlan['downtime'], string> = {
  none: 'none: requests that come meanwhile are answered',
  restart: 'seconds, while the server starts again',
  maintenance: 'callers are told to wait, from the copy of the database to the end of the checks',
}

/** What an upgrade would do: from where to where, what it wants, and its steps. */
export const upgradePlanView: View<UpgradePlan> = (plan, paint) => {
  const { from, to, disk, problem } = plan
  if (!plan.needed) return `${paint.green('✓')} Nothing to do: ${to.version} runs (${to.server}).`
  const head = fields(
    [
      ['from', `${paint.bold(from.version)} (${from.server})`],
      ['to', `${paint.bold(to.version)} (${to.server})`],
      ['database', `PostgreSQL ${plan.database.postgres}, ${bytes(plan.database.bytes)}`],
      ['moves to', moveText(plan)],
      [
        'disk',
        `wants ${bytes(disk.need_bytes)}; ${disk.places.map(({ place, free }) => `${bytes(free)} free at ${place}`).join(', ')}`,
      ],
      ['migrations', migrationsText(plan)],
      ['downtime', downtimeText(plan)],
      ['if it fails', wayBackText(plan)],
    ],
    paint,
  )
  const parts = [
    head,
    ...breakingParts(plan, paint),
    plan.steps.map((step, n) => `  ${n + 1}. ${step}`).join('\n'),
  ]
  if (problem) parts.push(`${paint.red('✗')} ${problem.message}\n${paint.cyan('→')} ${problem.next}`)
  else parts.push(`${paint.cyan('→')} Do it: vetrai upgrade run`)
  return parts.join('\n\n')
}

function moveText({ database: { move } }: UpgradePlan): string | null {
  return move && `PostgreSQL ${move.postgres}, in a new volume; ${move.kept_volume} is kept`
}

function downtimeText({ downtime, database: { move } }: UpgradePlan): string {
  if (!move) return DOWNTIMES[downtime]
  return `callers are told to wait for about ${duration(move.rest_s)}, while the database is copied and checked`
}

function migrationsText({ migrations }: UpgradePlan): string {
  const breaking = migrations.filter(({ compatible }) => !compatible)
  if (migrations.length === 0) return 'none'
  const names = breaking.map(({ name }) => name).join(', ')
  return breaking.length === 0
    ? `${count(migrations.length, 'migration')}, with which the version before runs on`
    : `${count(migrations.length, 'migration')}; the version before cannot run after ${names}`
}

function wayBackText({ from, going_back: { command } }: UpgradePlan): string {
  if (command === null) return `${from.version} serves again by itself, with its data`
  return `its data is put back, but ${from.version} itself is not where it was: ${command}`
}

function breakingParts({ breaking }: UpgradePlan, paint: Paint): string[] {
  if (breaking.length === 0) return []
  return [
    [paint.yellow('Know before:'), ...breaking.map(({ version, note }) => `  ${version}  ${note}`)].join(
      '\n',
    ),
  ]
}

export const upgradeReportView: View<UpgradeReport> = (report, paint) => {
  if (!report.changed) return `${paint.green('✓')} Nothing to do: ${report.to} runs already.`
  return [
    `${paint.green('✓')} ${report.from} → ${paint.bold(report.to)} in ${duration(report.duration_s)}`,
    fields(
      [
        ['database', report.postgres === null ? null : `PostgreSQL ${report.postgres}`],
        ['migrations', report.migrations.length === 0 ? null : report.migrations.join(', ')],
        ['backup', report.backup],
        [
          'watched',
          report.mode !== 'in-place'
            ? 'not: going back would have lost what was written since it opened'
            : null,
        ],
        ['data before', keptText(report)],
      ],
      paint,
    ),
  ]
    .filter(Boolean)
    .join('\n')
}

function keptText({ kept, mode }: UpgradeReport): string | null {
  if (kept === null) return null
  const removal = mode === 'move' ? `, remove it with: docker volume rm ${kept}` : ''
  return `kept as ${kept}; go back with: vetrai upgrade rollback${removal}`
}

export const settledUpgradeView: View<SettledUpgrade> = (settled, paint) =>
  settled.outcome === 'finished'
    ? `${paint.green('✓')} The upgrade to ${settled.to} is finished.`
    : `${paint.yellow('!')} ${settled.from} serves again with its data. The upgrade to ${settled.to} had come to the step ${settled.step}: ${settled.reason}`

export const rollbackView: View<RollbackReport> = ({ to, lost_writes: lost, backup }, paint) => {
  const kept = backup === null ? '' : ` The backup ${backup} holds them.`
  const words =
    lost === 0
      ? 'with the data as it is'
      : `with its own data; ${lost === null ? 'the changes' : count(lost, 'change')} to rows since are not in it.${kept}`
  return `${paint.green('✓')} ${to} serves again, ${words}`
}

export const upgradeHistoryView: View<{ data: UpgradeRun[] }> = ({ data }, paint) => {
  if (data.length === 0) return 'No upgrade yet.'
  return table(
    data,
    [
      { heading: 'AT', cell: ({ at }) => time(at) },
      { heading: 'FROM', cell: ({ from }) => from ?? '–' },
      { heading: 'TO', cell: ({ to }) => to ?? '–' },
      { heading: 'OUTCOME', cell: (run) => outcomeText(run, paint) },
      { heading: 'STEP', cell: ({ step }) => step ?? '–' },
      { heading: 'REASON', cell: ({ reason }) => reason ?? '–' },
      { heading: 'KEPT VOLUME', cell: ({ kept_volume: kept }) => kept ?? '–' },
      { heading: 'TOOK', cell: ({ duration_s: took }) => duration(took), align: 'right' },
    ],
    paint,
  )
}

function outcomeText({ outcome, asked }: UpgradeRun, paint: Paint): string {
  if (outcome === 'done') return paint.green('done')
  return outcome === 'rolled-back' && !asked ? paint.red(outcome) : paint.yellow(outcome)
}
