import { CliError } from '../deployment/errors.js'
import type { MigrateOutput } from './migrate-database.js'
import type { DatabaseFacts, DatabaseStep } from './upgrade-host.js'

/** Arguments of the migrate program after the verb of a step. */
export function argumentsOf(step: DatabaseStep): string[] {
  if (step.verb === 'copy') return [step.next]
  return step.verb === 'drop' ? [step.name] : [step.next, step.before]
}

/** What `migrate facts` printed; CliError `database_unknown` (exit 3) where the database could not be asked. */
export function readFacts({ code, stdout, stderr }: MigrateOutput): DatabaseFacts {
  if (code === 0) return JSON.parse(stdout) as DatabaseFacts
  throw new CliError({
    code: 'database_unknown',
    message: `The database could not be asked: ${lastLine(stderr)}`,
    next: 'Is the deployment up? See: vetrai status',
    exitCode: 3,
  })
}

/** What `migrate trial` printed; CliError `database_failed` where the data could not be put on trial. */
export function readTrial({ code, stdout, stderr }: MigrateOutput): { rested: boolean } {
  if (code === 0) return JSON.parse(stdout) as { rested: boolean }
  throw databaseFailed({ verb: 'trial' }, stderr)
}

/** The error of a step that failed. */
export function databaseFailed({ verb }: { verb: string }, stderr: string): CliError {
  return new CliError({
    code: 'database_failed',
    message: `The database could not be prepared (${verb}): ${lastLine(stderr)}`,
    next: 'Correct the cause, then go on with: vetrai upgrade resume',
  })
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) || 'it gave no reason'
}
