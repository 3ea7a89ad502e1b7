import type { Paint } from './paint.js'

/** A recovery key, and what has to be done with it: lines to stand below a result, none where there is no key. */
export function recoveryKeyLines(key: string | null, paint: Paint): string[] {
  if (key === null) return []
  return [
    '',
    paint.bold('Recovery key, shown this once:'),
    `  ${paint.bold(key)}`,
    paint.yellow(
      'Keep it off this host: in a password manager, or on paper in a safe. When this host is lost, nobody',
    ),
    paint.yellow('reads the backups without it. It is stored nowhere, and cannot be shown again.'),
  ]
}
