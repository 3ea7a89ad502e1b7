import type { MoveResult } from '../operations/move/move-result.js'
import { fields } from './fields.js'
import type { View } from './view.js'

/** What a move did, and what is left to do. */
export const moveView: View<MoveResult> = (result, paint) => {
  const { name, phase, to, file, after, old_dir: old } = result
  if (phase === 'cancelled')
    return `${paint.green('✓')} Nothing is moved: ${name} serves here, with all its data.${file === null ? '' : ` ${file} is of no use any more.`}`
  if (phase === 'archived') {
    const key = result.recovery_key
      ? '--identity-file recovery.key'
      : `--identity-file backup-key   # a copy of ${old}/secrets/backup-key`
    return [
      `${paint.green('✓')} ${name} is closed, and all of it is in ${file}.`,
      '',
      'Bring it to the other host, and there:',
      `  ${paint.bold(`vetrai restore ${file?.split('/').at(-1)} ${key} --dir ${old}`)}`,
      'Then here:',
      '  vetrai move --done --url https://…    # visitors are told where it went',
      '  vetrai move --cancel                  # or back: it serves here again',
    ].join('\n')
  }
  return [
    `${paint.green('✓')} ${name} has moved${to === null ? '' : `, and is served by ${to}`}.`,
    '',
    fields(
      [
        ['url', result.url && paint.bold(result.url)],
        ['directory', result.dir && `${result.dir} on ${to}`],
        ['rows', result.rows === null ? null : String(result.rows)],
        ['here', after === 'stop' ? 'stopped' : 'closed; visitors are told where it went'],
        ['left there', result.left_on_host],
      ],
      paint,
    ),
    '',
    paint.dim(`Its data here stays. Once nobody needs it: vetrai uninstall --dir ${old} --confirm ${name}`),
  ].join('\n')
}
