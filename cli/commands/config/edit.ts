import { DeploymentCommand } from '../../base/deployment-command.js'
import { isInteractive } from '../../base/output.js'
import { usageError } from '../../base/usage-error.js'
import { deploymentPaths } from '../../deployment/paths.js'
import { doneView } from '../../views/done-view.js'

export default class ConfigEdit extends DeploymentCommand {
  static override summary = 'edit vetrai.yml in your editor'
  static override description =
    'Opens a copy in $VISUAL or $EDITOR and replaces vetrai.yml only when the copy is valid; a copy with problems is kept and named.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    'EDITOR=nano <%= config.bin %> <%= command.id %> --dir /srv/vetrai',
  ]
  static override jsonDoc = { path: 'path of vetrai.yml', changed: 'false when nothing was edited' }

  async run(): Promise<{ path: string; changed: boolean }> {
    await this.parse(ConfigEdit)
    if (!isInteractive()) {
      throw usageError('An editor needs a terminal.', 'Use: vetrai config set PATH VALUE')
    }
    const { editConfig } = await import('../../operations/edit-config.js')
    return this.show(
      await editConfig(deploymentPaths(this.deploymentDir).config),
      doneView(({ changed }) =>
        changed ? 'Saved. It takes effect with the next `vetrai up`.' : 'Nothing was changed.',
      ),
    )
  }
}
