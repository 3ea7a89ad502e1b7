import { DeploymentCommand } from '../../base/deployment-command.js'
import type { ShownConfig } from '../../operations/show-config.js'

export default class ConfigShow extends DeploymentCommand {
  static override summary = 'show the whole configuration, defaults filled in'
  static override description = 'As YAML, which vetrai.yml would accept. Holds no secret.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --json',
  ]
  static override jsonDoc = { path: 'path of vetrai.yml', config: 'the configuration as an object' }

  async run(): Promise<ShownConfig> {
    await this.parse(ConfigShow)
    const { showConfig, toYaml } = await import('../../operations/show-config.js')
    return this.show(showConfig(await this.deployment()), ({ config }) => toYaml(config))
  }
}
