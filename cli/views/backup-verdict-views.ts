import type { DrillResult, VerifyResult } from '../operations/backup/protocol.js'
import { bytes, count, duration } from './format.js'
import type { View } from './view.js'

/** Whether a backup is as it was written, and each file that is not. */
export const verifiedBackupView: View<VerifyResult> = (result, paint) => {
  const { id, target, ok, parts, objects, damaged } = result
  const where = target === null ? id : `${id} in ${target}`
  const looked = `${count(parts, 'part')} and ${count(objects, 'object')}, ${bytes(result.bytes)}, in ${duration(result.duration_s)}`
  const depth = result.opened
    ? paint.dim('Every hash was compared, and what is in it opened.')
    : paint.yellow('Every hash was compared; without its key nothing was opened: --identity-file FILE')
  if (ok) return [`${paint.green('✓')} ${where} is whole: ${looked}.`, depth].join('\n')
  return [
    `${paint.red('✗')} ${where} is damaged: ${count(damaged.length, 'file')} of ${looked}.`,
    ...damaged.map(({ name, problem }) => `  ${name}: ${problem}`),
    paint.dim('Use another copy of it (--target), or another backup: vetrai backup list'),
  ].join('\n')
}

/** Whether a backup could be restored, and how long a recovery takes. */
export const drillView: View<DrillResult> = (result, paint) => {
  const { id, target, ok, mismatches, checks } = result
  const mark = ok ? paint.green('✓') : paint.red('✗')
  const verdict = ok ? 'restores' : 'does not restore as it should'
  return [
    `${mark} ${id} in ${target} ${verdict}: ${count(result.rows, 'row')} of ${count(result.tables, 'table')} compared.`,
    ...mismatches.map(({ table, problem }) => `  ${paint.red(table)}: ${problem}`),
    ...checks.map(
      ({ name, ok: fine, detail }) => `  ${fine ? paint.green('✓') : paint.red('✗')} ${name}: ${detail}`,
    ),
    '',
    `A recovery takes about ${paint.bold(duration(result.recovery_s))}.`,
  ].join('\n')
}
