import { CHECKS } from '../checks/all.js'
import type { Check, CheckContext, Finding } from '../checks/check.js'

/** What one check found, as the doctor shows it. `remedy` is null when there is nothing to do. */
export interface CheckResult {
  name: string
  title: string
  level: Finding['level']
  detail: string
  remedy: string | null
}

/** The doctor's whole report; `ok` is false when anything failed. */
export interface CheckReport {
  ok: boolean
  checks: CheckResult[]
}

/** Runs the checks of a stage in order. A check that itself breaks is a failed check, never a crash. */
export async function runChecks(
  context: CheckContext,
  checks: readonly Check[] = CHECKS,
): Promise<CheckReport> {
  const results: CheckResult[] = []
  for (const check of checks) {
    if (!check.stages.includes(context.stage)) continue
    const finding = await check.run(context).catch(broken)
    if (finding) results.push(present(check, finding))
  }
  return { ok: results.every(({ level }) => level !== 'fail'), checks: results }
}

function present({ name, title, remedy }: Check, finding: Finding): CheckResult {
  const { level, detail } = finding
  return { name, title, level, detail, remedy: level === 'ok' ? null : (finding.remedy ?? remedy) }
}

function broken(error: unknown): Finding {
  const message = error instanceof Error ? error.message : String(error)
  return { level: 'fail', detail: `this could not be checked: ${message}` }
}
