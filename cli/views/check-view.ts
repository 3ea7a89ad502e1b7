import type { CheckReport, CheckResult } from '../operations/run-checks.js'
import { count } from './format.js'
import { type Paint, width } from './paint.js'
import type { View } from './view.js'

/** What a line says of one thing that was looked at. */
type Line = Pick<CheckResult, 'level' | 'title' | 'detail' | 'remedy'>

/** The doctor's report: a line for each check, its remedy below it, and one sentence at the end. */
export const checkView: View<CheckReport> = ({ checks }, paint) => {
  return `${findingLines(checks, paint)}\n\n${verdict(checks, paint)}`
}

/** A line for each finding with the details aligned, its remedy below it. */
export function findingLines(lines: readonly Line[], paint: Paint): string {
  const widest = Math.max(0, ...lines.map(({ title }) => width(title)))
  return lines.map((line) => findingLine(line, widest, paint)).join('\n')
}

function findingLine({ level, title, detail, remedy }: Line, widest: number, paint: Paint): string {
  const line = `${mark(level, paint)} ${title}${' '.repeat(widest - width(title))}  ${paint.dim(detail)}`
  return remedy === null ? line : `${line}\n  ${paint.cyan('→')} ${remedy}`
}

function verdict(checks: readonly CheckResult[], paint: Paint): string {
  const failed = checks.filter(({ level }) => level === 'fail').length
  const warned = checks.filter(({ level }) => level === 'warn').length
  if (failed > 0) return paint.red(`${count(failed, 'check')} failed.`)
  return warned > 0 ? paint.yellow(`Fine, with ${count(warned, 'warning')}.`) : paint.green('All is well.')
}

function mark(level: Line['level'], paint: Paint): string {
  if (level === 'ok') return paint.green('✓')
  if (level === 'skipped') return paint.dim('–')
  return level === 'warn' ? paint.yellow('!') : paint.red('✗')
}
