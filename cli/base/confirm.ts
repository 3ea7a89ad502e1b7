import { CliError } from '../deployment/errors.js'
import { EXIT } from './exit-codes.js'
import { isInteractive } from './output.js'
import { usageError } from './usage-error.js'

/** What is about to be lost, and the name that must be repeated before it is. */
export interface Confirmation {
  name: string
  /** Completes "This …". */
  consequence: string
  given: string | undefined
}

/**
 * Returns only when the name was repeated, by `--confirm` or typed on a terminal. A wrong name is
 * refused with exit code 4; where nobody can be asked, the missing flag is named with exit code 2.
 */
export async function confirmByName({ name, consequence, given }: Confirmation): Promise<void> {
  const typed = given ?? (await askForName(name, consequence))
  if (typed === name) return
  throw new CliError({
    code: 'not_confirmed',
    message: `"${typed}" is not "${name}": nothing was changed.`,
    next: `Repeat the name exactly: --confirm ${name}`,
    exitCode: EXIT.refused,
  })
}

async function askForName(name: string, consequence: string): Promise<string> {
  if (!isInteractive()) {
    throw usageError(`This ${consequence}, so it has to be confirmed.`, `Add --confirm ${name}`)
  }
  const { askName } = await import('../prompts/ask-name.js')
  return askName(name, consequence)
}
