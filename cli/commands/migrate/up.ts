import { DeploymentCommand } from '../../base/deployment-command.js'
import { doneView } from '../../views/done-view.js'
import { count } from '../../views/format.js'

export default class MigrateUp extends DeploymentCommand {
  static override summary = 'apply the pending schema migrations'
  static override description =
    'Each runs in its own transaction under a lock, so two runs cannot meet. `up` does this by itself.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --json',
  ]
  static override jsonDoc = { applied: { '[]': 'name of a migration that was applied now' } }

  async run(): Promise<{ applied: string[] }> {
    await this.parse(MigrateUp)
    const deployment = await this.deployment()
    const runtime = await this.runtime(deployment)
    return this.show(
      await runtime.migrate(deployment, this.progress),
      doneView(({ applied }) =>
        applied.length === 0
          ? 'Nothing was pending.'
          : `Applied ${count(applied.length, 'migration')}: ${applied.join(', ')}`,
      ),
    )
  }
}
