import { CliError } from '../../deployment/errors.js'
import type { MoveState } from './move-state.js'

/** Nothing to go on with, nor to go back from. */
export function noMove(): CliError {
  return new CliError({
    code: 'no_move',
    message: 'No move is under way.',
    next: 'Begin one with --to HOST or --archive FILE.',
    exitCode: 2,
  })
}

/** Another move than the one that was asked for. */
export function otherMove({ to, file }: MoveState): CliError {
  return new CliError({
    code: 'move_pending',
    message: `A move is under way already: ${to ? `to ${to.host}` : `into ${file}`}.`,
    next: 'Go on with it by giving the same, or go back first with: vetrai move --cancel',
    exitCode: 4,
  })
}

/** The other deployment may have accepted something. */
export function tooLate({ to, moved_to: moved }: MoveState): CliError {
  return new CliError({
    code: 'move_too_late',
    message: `The deployment on ${to?.host ?? 'the other host'} serves, or may: what it accepted would be lost by going back.`,
    next: `To come back with its data, move it from there: vetrai move --to THIS-HOST${moved?.dir ? ` --dir ${moved.dir}` : ''}. If it never served, and you are sure of that: vetrai maintenance off`,
    exitCode: 4,
  })
}

/** A move by ssh ends by itself. */
export function stillUnderWay({ to }: MoveState): CliError {
  return new CliError({
    code: 'move_pending',
    message: `The move to ${to?.host} is not over.`,
    next: 'Run the same command again without --done: it goes on where it was.',
    exitCode: 4,
  })
}

/** From here there is no going back, and what is missing is safe to repeat. */
export function unsettled({ to }: MoveState, error: unknown): CliError {
  return new CliError({
    code: 'move_unsettled',
    message: `${asCliError(error).message}\nAll of the data is on ${to?.host}, and it may serve already; so this deployment stays closed.`,
    next: 'See to the cause, then run the same command again: it goes on where it was.',
    cause: error,
  })
}

/** The operator ended it. */
export function interrupted(): CliError {
  return new CliError({
    code: 'interrupted',
    message: 'The move was interrupted.',
    next: 'Run the same command again to begin anew.',
  })
}

/** What an error says, whoever made it. */
export function asCliError(error: unknown): Pick<CliError, 'code' | 'message' | 'next' | 'exitCode'> {
  if (error instanceof CliError) return error
  const message = error instanceof Error ? error.message : String(error)
  return { code: 'move_failed', message, next: 'See how it stands with: vetrai status', exitCode: 1 }
}
