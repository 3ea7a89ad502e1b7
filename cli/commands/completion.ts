import * as Args from '@oclif/core/args'
import { BaseCommand } from '../base/base-command.js'
import { completionScript, SHELLS, type Shell } from '../operations/completion-script.js'

export default class Completion extends BaseCommand {
  static override summary = 'print a completion script for your shell'
  static override description =
    'The script knows every command and flag of this version; print it again after an upgrade.'
  static override args = {
    shell: Args.string({
      description: 'bash, zsh or fish',
      required: true,
      options: [...SHELLS],
      ignoreStdin: true,
    }),
  }
  static override examples = [
    'source <(<%= config.bin %> <%= command.id %> bash)',
    '<%= config.bin %> <%= command.id %> zsh > ~/.zfunc/_vetrai',
    '<%= config.bin %> <%= command.id %> fish > ~/.config/fish/completions/vetrai.fish',
  ]
  static override jsonDoc = { shell: 'bash, zsh or fish', script: 'the script' }

  async run(): Promise<{ shell: Shell; script: string }> {
    const { args } = await this.parse(Completion)
    const shell = SHELLS.find((name) => name === args.shell) ?? 'bash'
    return this.show({ shell, script: completionScript(shell, this.config) }, ({ script }) => script)
  }
}
