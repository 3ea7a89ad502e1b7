import type { Finding } from '../checks/check.js'
import type { CheckReport, CheckResult } from '../operations/run-checks.js'
import { count } from './format.js'
import { type Paint, width } from './paint.js'
import type { View } from './view.js'

/** The doctor's report: a line for each check, its remedy below it, and one sentence at the end. */
export const checkView: View<CheckReport> = ({ checks }, paint) => {
  const widest = Math.max(0, ...checks.map(({ title }) => width(title)))
  return [...checks.map((check) => checkLines(check, widest, paint)), '', verdict(checks, paint)].join('\n')
}

function checkLines({ level, title, detail, remedy }: CheckResult, widest: number, paint: Paint): string {
  const line = `${mark(level, paint)} ${title}${' '.repeat(widest - width(title))}  ${paint.dim(detail)}`
  return remedy === null ? line : `${line}\n  ${paint.cyan('→')} ${remedy}`
}

function verdict(checks: readonly CheckResult[], paint: Paint): string {
  const failed = checks.filter(({ level }) => level === 'fail').length
  const warned = checks.filter(({ level }) => level === 'warn').length
  if (failed > 0) return paint.red(`${count(failed, 'check')} failed.`)
  return warned > 0 ? paint.yellow(`Fine, with ${count(warned, 'warning')}.`) : paint.green('All is well.')
}

function mark(level: Finding['level'], paint: Paint): string {
  if (level === 'ok') return paint.green('✓')
  return level === 'warn' ? paint.yellow('!') : paint.red('✗')
}
