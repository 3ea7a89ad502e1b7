import * as Flags from '@oclif/core/flags'
import { DeploymentCommand } from '../base/deployment-command.js'
import { optionalArg } from '../base/flags.js'
import { writeResult } from '../base/output.js'
import { logLine } from '../views/log-line.js'

export default class Logs extends DeploymentCommand {
  static override summary = 'show the log of a component, or of all'
  static override description =
    'Without a component the lines of all are merged and named. With --json each line is one JSON document.'
  static override args = { component: optionalArg('component to show; all without it') }
  static override flags = {
    follow: Flags.boolean({ char: 'f', description: 'keep showing new lines', env: 'VETRAI_FOLLOW' }),
    lines: Flags.integer({
      char: 'n',
      description: 'how many of the newest lines to begin with',
      env: 'VETRAI_LINES',
      default: 100,
      min: 0,
      max: 100_000,
    }),
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %> server --follow',
    '<%= config.bin %> <%= command.id %> --lines 20 --json',
  ]
  static override jsonDoc = { component: 'who wrote the line', line: 'the line as it was written' }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Logs)
    const deployment = await this.deployment()
    const runtime = await this.runtime(deployment)
    const { follow, lines } = flags
    const options = { follow, lines, ...(args.component === undefined ? {} : { component: args.component }) }
    for await (const entry of runtime.logs(deployment, options)) {
      writeResult(
        this.jsonEnabled() ? JSON.stringify(entry) : logLine(entry, args.component === undefined, this.paint),
      )
    }
  }
}
