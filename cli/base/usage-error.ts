import { CliError } from '../deployment/errors.js'
import { EXIT } from './exit-codes.js'

/** A mistake on the command line: exit code 2, with what to type instead. */
export function usageError(message: string, next: string): CliError {
  return new CliError({ code: 'usage', message, next, exitCode: EXIT.usage })
}

/** A required answer that nobody can be asked for: names the flags (and their variables) that give it. */
export function missingAnswers(flags: readonly { flag: string; env?: string }[]): CliError {
  const names = flags.map(({ flag, env }) => (env ? `${flag} (or ${env})` : flag))
  return new CliError({
    code: 'missing_answers',
    message: `There is no terminal to ask on, and ${flags.length === 1 ? 'this answer is' : 'these answers are'} missing: ${names.join(', ')}.`,
    next: `Give ${flags.map(({ flag }) => flag).join(' ')}.`,
    exitCode: EXIT.usage,
  })
}
