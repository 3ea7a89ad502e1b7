import type { ListedSecret } from '../operations/secrets/list-secrets.js'
import type { RotationReport } from '../operations/secrets/rotate-secrets.js'
import { duration, time } from './format.js'
import { table } from './table.js'
import type { View } from './view.js'

/** The secrets that are used, by what they are for and how old they are, and what to do about those half rotated. */
export const secretsView: View<{ secrets: ListedSecret[] }> = ({ secrets }, paint) => {
  const used = secrets.filter((secret) => secret.used)
  const rows = table(
    used,
    [
      { heading: 'SECRET', cell: ({ name }) => name },
      { heading: 'MODE', cell: ({ mode }) => mode ?? '–' },
      { heading: 'AGE', cell: ({ changed_at }) => duration(secondsSince(changed_at)), align: 'right' },
      { heading: 'ROTATED', cell: ({ rotated_at }) => time(rotated_at) },
      { heading: 'FOR', cell: ({ about }) => about },
    ],
    paint,
  )
  const pending = used.filter(({ previous_kept }) => previous_kept).map(({ name }) => name)
  if (pending.length === 0) return rows
  return `${rows}\n\n${paint.yellow(`Half rotated: ${pending.join(', ')}. Run \`vetrai secrets rotate\` again, or \`vetrai up\`.`)}`
}

/** A line for each secret that has a new value, and for each that an earlier run had left half done. */
export const rotationView: View<RotationReport> = ({ rotated, finished, undone }, paint) =>
  [
    ...finished.map((name) => `${paint.green('✓')} ${name}: the rotation that was cut short is finished`),
    ...undone.map((name) => `${paint.yellow('!')} ${name}: the rotation that was cut short was taken back`),
    ...rotated.map(
      ({ name, detail }) => `${paint.green('✓')} ${name}${detail === null ? '' : `: ${detail}`}`,
    ),
  ].join('\n')

function secondsSince(iso: string | null): number | null {
  return iso === null ? null : (Date.now() - Date.parse(iso)) / 1_000
}
