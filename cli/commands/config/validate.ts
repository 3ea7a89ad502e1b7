import { DeploymentCommand } from '../../base/deployment-command.js'
import { EXIT } from '../../base/exit-codes.js'
import { deploymentPaths } from '../../deployment/paths.js'
import { type ConfigVerdict, configVerdictView } from '../../views/config-verdict-view.js'

export default class ConfigValidate extends DeploymentCommand {
  static override summary = 'check vetrai.yml and list every problem at once'
  static override description = 'Exits 1 when there is any. Changes nothing.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --dir /srv/vetrai --json',
  ]
  static override jsonDoc = {
    path: 'path of vetrai.yml',
    valid: 'true when there is no problem',
    problems: { '[]': { path: 'dotted path; empty for the whole file', message: 'what is wrong' } },
  }

  async run(): Promise<ConfigVerdict> {
    await this.parse(ConfigValidate)
    const { configProblems } = await import('../../deployment/config-file.js')
    const { config: path } = deploymentPaths(this.deploymentDir)
    const problems = await configProblems(path)
    if (problems.length > 0) process.exitCode = EXIT.failed
    return this.show({ path, valid: problems.length === 0, problems }, configVerdictView)
  }
}
