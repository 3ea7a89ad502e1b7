import * as Args from '@oclif/core/args'
import { loadHelpClass } from '@oclif/core/help'
import { BaseCommand } from '../base/base-command.js'

export default class HelpCommand extends BaseCommand {
  static override summary = 'show the help of a command'
  static override description = 'The same as adding --help to it.'
  static override strict = false
  static override args = {
    command: Args.string({ description: 'command to show the help of', ignoreStdin: true }),
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %> up',
    '<%= config.bin %> <%= command.id %> tenants create',
  ]
  static override jsonDoc = { help: 'shown as text, never as JSON' }

  async run(): Promise<void> {
    const { argv } = await this.parse(HelpCommand)
    const Help = await loadHelpClass(this.config)
    await new Help(this.config).showHelp(argv.map(String))
  }
}
