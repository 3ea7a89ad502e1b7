import type { Hook } from '@oclif/core/hooks'
import { suggestCommand } from '../base/suggest-command.js'
import { usageError } from '../base/usage-error.js'

/** Answers a mistyped command with exit code 2 and the command that was likely meant. */
const commandNotFound: Hook<'command_not_found'> = async ({ id, config }) => {
  const visible = config.commands.filter((command) => !command.hidden)
  const { typed, meant } = suggestCommand(
    id.split(':'),
    visible.map((command) => command.id.replaceAll(':', ' ')),
  )
  throw usageError(
    `\`${typed}\` is not a ${config.bin} command.`,
    meant ? `Did you mean \`${config.bin} ${meant}\`?` : `See \`${config.bin} --help\`.`,
  )
}

// oclif finds a hook by its default export.
export default commandNotFound
