import type { Hook } from '@oclif/core/hooks'
import { extraWords, suggestCommand } from '../base/suggest-command.js'
import { usageError } from '../base/usage-error.js'

/** Answers a mistyped command with exit code 2 and the command that was likely meant. */
const commandNotFound: Hook<'command_not_found'> = async ({ id, config }) => {
  const visible = config.commands.filter((command) => !command.hidden)
  const names = visible.map((command) => command.id.replaceAll(':', ' '))
  const extra = extraWords(id.split(':'), names)
  if (extra) {
    throw usageError(
      `\`${config.bin} ${extra.command}\` does not take "${extra.words.join(' ')}".`,
      `See how it is used: ${config.bin} ${extra.command} --help`,
    )
  }
  const { typed, meant } = suggestCommand(id.split(':'), names)
  throw usageError(
    `\`${typed}\` is not a ${config.bin} command.`,
    meant ? `Did you mean \`${config.bin} ${meant}\`?` : `See \`${config.bin} --help\`.`,
  )
}

// oclif finds a hook by its default export.
export default commandNotFound
