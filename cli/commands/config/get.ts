import { DeploymentCommand } from '../../base/deployment-command.js'
import { requiredArg } from '../../base/flags.js'
import { type ConfigValue, readConfigValue } from '../../operations/config-values.js'
import { configValueView } from '../../views/config-view.js'

export default class ConfigGet extends DeploymentCommand {
  static override summary = 'show one setting of vetrai.yml'
  static override description = 'Defaults are filled in. Secrets are not in vetrai.yml and are never shown.'
  static override args = { path: requiredArg('dotted path, such as database.pool_max') }
  static override examples = [
    '<%= config.bin %> <%= command.id %> port',
    '<%= config.bin %> <%= command.id %> mail.from --json',
  ]
  static override jsonDoc = { path: 'the path asked for', value: 'its value; null when it is not set' }

  async run(): Promise<ConfigValue> {
    const { args } = await this.parse(ConfigGet)
    return this.show(readConfigValue(await this.deployment(), args.path), configValueView)
  }
}
