import type { BackupSchedule } from '../operations/backup/backup-schedule.js'
import type { DownloadedBackup } from '../operations/backup/download-backup.js'
import type {
  BackupProblem,
  BackupSummary,
  CheckTargetResult,
  CopyResult,
  CreateResult,
  InfoResult,
  ListResult,
  PruneResult,
  TargetState,
} from '../operations/backup/protocol.js'
import type { RecoveryKeyResult } from '../operations/backup/recovery-key.js'
import { fields } from './fields.js'
import { bytes, count, duration, localTime } from './format.js'
import type { Paint } from './paint.js'
import { recoveryKeyLines } from './recovery-key-view.js'
import { table } from './table.js'
import type { View } from './view.js'

/** A backup that was just made. */
export const createdBackupView: View<CreateResult> = (backup, paint) =>
  [
    `${paint.green('✓')} Backup ${paint.bold(backup.id)} is made.`,
    '',
    fields(
      [
        ['targets', backup.targets.join(', ')],
        ['holds', `${count(backup.rows, 'row')} of ${count(backup.tables, 'table')}`],
        [
          'objects',
          `${backup.objects}, of which ${backup.objects_new} (${bytes(backup.objects_new_bytes)}) were new`,
        ],
        ['size', `${bytes(backup.bytes)} stored of ${bytes(backup.plain_bytes)}`],
        ['took', duration(backup.duration_s)],
      ],
      paint,
    ),
    '',
    paint.dim(
      `Next: vetrai backup drill ${backup.id} restores it to a database of its own, to see that it can be.`,
    ),
  ].join('\n')

/** All backups, newest first, and what is wrong with others. */
export const backupsView: View<ListResult> = ({ backups, problems }, paint) => {
  const rows =
    backups.length === 0
      ? paint.dim('There is no backup. Make one with: vetrai backup create')
      : table(
          backups,
          [
            { heading: 'ID', cell: ({ id }) => id },
            { heading: 'MADE', cell: ({ created_at }) => localTime(created_at) },
            { heading: 'AGE', cell: ({ created_at }) => duration(secondsSince(created_at)), align: 'right' },
            { heading: 'SIZE', cell: (backup) => bytes(backup.bytes), align: 'right' },
            { heading: 'TARGETS', cell: ({ targets }) => targets.join(', ') },
            { heading: 'VERIFIED', cell: ({ verified_at }) => localTime(verified_at) },
            { heading: 'REASON', cell: ({ reason }) => reason },
          ],
          paint,
        )
  return [rows, ...problems.flatMap((problem) => ['', problemText(problem, paint)])].join('\n')
}

/** One backup, and what is in it. */
export const backupView: View<InfoResult> = (backup, paint) => {
  const { deployment, database } = backup
  const facts = fields(
    [
      ['backup', paint.bold(backup.id)],
      ['made', `${localTime(backup.created_at)}, ${duration(secondsSince(backup.created_at))} ago`],
      ['reason', backup.reason],
      ['of', `${deployment.name} (${deployment.id}), ${deployment.runtime}, VetrAI ${backup.version}`],
      ['targets', backup.targets.join(', ')],
      ['sealed', backup.encryption === 'age' ? 'by age' : paint.yellow('no')],
      ['size', `${bytes(backup.bytes)} stored of ${bytes(backup.plain_bytes)}`],
      ['database', `PostgreSQL ${database.server_version}, schema ${database.schema_version}`],
      ['rows', `${backup.rows} of ${count(backup.tables, 'table')}`],
      ['objects', objectsOf(backup)],
      ['configuration', backup.kit ? 'with secrets, sealed' : paint.yellow('not in it')],
      ['verified', backup.verified_at === null ? paint.yellow('never') : localTime(backup.verified_at)],
    ],
    paint,
  )
  const largest = [...database.tables].sort((a, b) => b.bytes - a.bytes).slice(0, LARGEST)
  const rows = table(
    largest,
    [
      { heading: 'LARGEST TABLES', cell: ({ name }) => name },
      { heading: 'ROWS', cell: ({ rows: amount }) => String(amount), align: 'right' },
      { heading: 'STORED', cell: ({ bytes: size }) => bytes(size), align: 'right' },
    ],
    paint,
  )
  return largest.length === 0 ? facts : `${facts}\n\n${rows}`
}

const LARGEST = 10

/** What was removed, or would be. */
export const pruneView: View<PruneResult> = (result, paint) => {
  const { removed, kept, dry_run, objects_removed, bytes_freed } = result
  const verb = dry_run ? 'would be removed' : 'removed'
  const summary = `${count(removed.length, 'backup')} ${verb}, ${kept.length} kept; ${count(objects_removed, 'object')}, ${bytes(bytes_freed)} ${dry_run ? 'would be free' : 'freed'}.`
  const lines = [
    ...removed.map((one) => ({ ...one, what: paint.red(dry_run ? 'goes' : 'gone') })),
    ...kept.map((one) => ({ ...one, what: `stays: ${one.reasons.join(', ')}` })),
  ]
  const head = `${dry_run ? paint.dim('·') : paint.green('✓')} ${summary}`
  if (lines.length === 0) return head
  const rows = table(
    lines,
    [
      { heading: 'ID', cell: ({ id }) => id },
      { heading: 'MADE', cell: ({ created_at }) => localTime(created_at) },
      { heading: 'TARGET', cell: ({ target }) => target },
      { heading: '', cell: ({ what }) => what },
    ],
    paint,
  )
  return `${head}\n\n${rows}`
}

/** A backup that was brought to another target. */
export const copiedBackupView: View<CopyResult> = (copy, paint) =>
  `${paint.green('✓')} ${copy.id} is in ${copy.to}: ${count(copy.files_copied, 'file')}, ${bytes(copy.bytes)}, were not there yet (${duration(copy.duration_s)}).`

/** A backup that is a file now. */
export const downloadedBackupView: View<DownloadedBackup> = ({ id, file, size_bytes: size }, paint) =>
  [
    `${paint.green('✓')} ${id} is in ${paint.bold(file)}, ${bytes(size)}.`,
    '',
    paint.dim(`Next: vetrai backup verify ${file}, or on another host: vetrai restore FILE`),
  ].join('\n')

/** Whether each target can be used, and what is in it. */
export const targetsView: View<CheckTargetResult> = ({ targets }, paint) => {
  const rows = table(
    targets,
    [
      { heading: 'TARGET', cell: ({ name }) => name },
      { heading: 'STATE', cell: (target) => stateOf(target, paint) },
      { heading: 'FREE', cell: ({ free_bytes: free }) => bytes(free), align: 'right' },
      { heading: 'BACKUPS', cell: ({ backups }) => String(backups), align: 'right' },
      { heading: 'NEWEST', cell: ({ newest }) => localTime(newest?.created_at) },
      { heading: 'PLACE', cell: ({ place }) => place },
    ],
    paint,
  )
  const problems = targets.flatMap(({ name, problem }) =>
    problem ? ['', problemText({ target: name, id: null, ...problem }, paint)] : [],
  )
  return [rows, ...problems].join('\n')
}

/** When backups are made. */
export const backupScheduleView: View<BackupSchedule> = (schedule, paint) => {
  const { keep, time_zone: zone } = schedule
  const when = (pattern: string | null, next: string | null) =>
    pattern === null ? paint.yellow('never') : `${pattern} (${zone}), next ${localTime(next)}`
  const rules = [
    `the last ${keep.last}`,
    ...(['daily', 'weekly', 'monthly'] as const)
      .filter((rule) => keep[rule] > 0)
      .map((rule) => `${keep[rule]} ${rule}`),
  ]
  const lines = fields(
    [
      ['backups', when(schedule.schedule, schedule.next_at)],
      ['drills', when(schedule.drill, schedule.next_drill_at)],
      ['targets', schedule.targets.join(', ')],
      ['kept', rules.join(', ')],
    ],
    paint,
  )
  return schedule.changed ? `${lines}\n\n${paint.dim('Next: vetrai up makes it count.')}` : lines
}

/** A recovery key, shown this once. */
export const newRecoveryKeyView: View<RecoveryKeyResult> = (result, paint) =>
  [
    `${paint.green('✓')} Backups from now on are sealed for ${result.recipient}.`,
    ...recoveryKeyLines(result.recovery_key, paint),
    ...(result.replaced
      ? [paint.yellow('Keep the one before, too: older backups are sealed for that.')]
      : []),
    '',
    paint.dim('Next: vetrai up has scheduled backups sealed for it too.'),
  ].join('\n')

function stateOf({ reachable, writable }: TargetState, paint: Paint): string {
  if (!reachable) return paint.red('unreachable')
  return writable ? paint.green('ok') : paint.red('not writable')
}

function objectsOf({ objects, object_bytes: size }: InfoResult): string {
  return objects === null ? 'not in it' : `${objects}, ${bytes(size)}`
}

function problemText({ target, id, message, next }: BackupProblem, paint: Paint): string {
  const where = id === null ? target : `${id} in ${target}`
  return `${paint.yellow(`! ${where}: ${message}`)}\n  ${paint.dim(next)}`
}

function secondsSince(iso: BackupSummary['created_at']): number {
  return (Date.now() - Date.parse(iso)) / 1_000
}
