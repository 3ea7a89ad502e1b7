import { CliError } from '../deployment/errors.js'
import { EXIT } from './exit-codes.js'

/** What every failure becomes before it is shown: the stable `error` object of `--json`, and the exit code. */
export interface ErrorReport {
  error: { code: string; message: string; next: string; request_id?: string }
  exitCode: number
}

/**
 * Turns anything thrown into a report. What oclif says about the command line becomes `usage` with
 * exit code 2; an unknown error becomes `unexpected` and keeps its message, never its stack.
 */
export function describeError(error: unknown): ErrorReport {
  if (error instanceof CliError) return describeCliError(error)
  if (isCancelled(error)) {
    return report('cancelled', 'Cancelled: nothing further was changed.', 'Run it again.', EXIT.failed)
  }
  if (isOclifError(error)) {
    if (error.oclif.exit === EXIT.ok) return report('ok', '', '', EXIT.ok)
    return report('usage', usageWords(error.message), 'Add --help to see how it is used.', EXIT.usage)
  }
  const message = error instanceof Error ? error.message : String(error)
  return report(
    'unexpected',
    message || 'Something unexpected went wrong.',
    'Run it again with DEBUG=vetrai for the details; `vetrai doctor` looks for the usual causes.',
    EXIT.failed,
  )
}

function describeCliError(error: CliError): ErrorReport {
  const { error: shown, exitCode } = report(error.code, error.message, error.next, error.exitCode)
  if ('requestId' in error && typeof error.requestId === 'string') shown.request_id = error.requestId
  return { error: shown, exitCode }
}

function report(code: string, message: string, next: string, exitCode: number): ErrorReport {
  return { error: { code, message, next }, exitCode }
}

function isOclifError(error: unknown): error is Error & { oclif: { exit?: number } } {
  return error instanceof Error && 'oclif' in error && typeof error.oclif === 'object' && error.oclif !== null
}

/** Ctrl-C at a question: inquirer throws an error of this name. */
function isCancelled(error: unknown): boolean {
  return error instanceof Error && error.name === 'ExitPromptError'
}

/** The words of oclif without its own hint, lists of flags on one line each. */
function usageWords(message: string): string {
  return message
    .replace(/\nSee more help with --help$/, '')
    .replace(/^The following errors? occurred:\s*/, '')
    .replaceAll(COLOUR, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join('\n')
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: colour codes begin with the escape character
const COLOUR = /\u001b\[[\d;]*m/g
