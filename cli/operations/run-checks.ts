import { CHECKS } from '../checks/all.js'
import { type Check, type CheckContext, type Finding, fail } from '../checks/check.js'
import { CliError } from '../deployment/errors.js'

/** What one check found, as the doctor shows it. `remedy` is null when there is nothing to do. */
export interface CheckResult {
  name: string
  title: string
  level: Finding['level'] | 'skipped'
  detail: string
  remedy: string | null
}

/** The doctor's whole report; `ok` is false when anything failed. */
export interface CheckReport {
  ok: boolean
  checks: CheckResult[]
}

/**
 * Runs the checks of a stage, at the same time where they do not mind, and shows them in their order. A check that itself
 * breaks is a failed check, never a crash; one that is skipped is shown as skipped. CliError `check_unknown` for a name
 * that no check has.
 */
export async function runChecks(
  context: CheckContext,
  checks: readonly Check[] = CHECKS,
  skip: readonly string[] = [],
): Promise<CheckReport> {
  requireKnown(checks, skip)
  const due = checks.filter(({ stages }) => stages.includes(context.stage))
  const findings = new Map<Check, Finding | undefined>()
  const look = async (check: Check) => {
    if (!skip.includes(check.name)) findings.set(check, await check.run(context).catch(broken))
  }
  await Promise.all(due.filter(({ last }) => !last).map(look))
  for (const check of due.filter(({ last }) => last)) await look(check)

  const results = due.flatMap((check) => {
    if (skip.includes(check.name)) return [skipped(check)]
    const finding = findings.get(check)
    return finding ? [present(check, finding)] : []
  })
  return { ok: results.every(({ level }) => level !== 'fail'), checks: results }
}

function requireKnown(checks: readonly Check[], skip: readonly string[]): void {
  const names = checks.map(({ name }) => name)
  const unknown = skip.filter((name) => !names.includes(name))
  if (unknown.length === 0) return
  throw new CliError({
    code: 'check_unknown',
    message: `There is no check "${unknown.join('", "')}".`,
    next: `Name one of: ${names.join(', ')}.`,
    exitCode: 2,
  })
}

function present({ name, title, remedy }: Check, finding: Finding): CheckResult {
  const { level, detail } = finding
  return { name, title, level, detail, remedy: level === 'ok' ? null : (finding.remedy ?? remedy) }
}

function skipped({ name, title }: Check): CheckResult {
  return { name, title, level: 'skipped', detail: 'skipped, as asked for', remedy: null }
}

function broken(error: unknown): Finding {
  if (error instanceof CliError) return fail(error.message, error.next)
  const message = error instanceof Error ? error.message : String(error)
  return fail(`this could not be checked: ${message}`)
}
