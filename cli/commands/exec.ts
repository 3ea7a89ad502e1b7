import { DeploymentCommand } from '../base/deployment-command.js'
import { requiredArg } from '../base/flags.js'
import { isTerminal } from '../base/output.js'
import { splitWords } from '../base/split-words.js'
import { usageError } from '../base/usage-error.js'

export default class Exec extends DeploymentCommand {
  static override summary = 'run a program where a component runs'
  static override description =
    'Runs it in the container of the component or, with the embedded runtime, on this host in the deployment directory with the environment of the component; secrets stay in the files that the environment names. What stands after -- is the program with its arguments, whose streams and exit code are those of this command. Works without a terminal too. The journal notes who did it, not what.'
  static override args = { component: requiredArg('component to run it beside') }
  static override examples = [
    '<%= config.bin %> <%= command.id %> server -- node --version',
    '<%= config.bin %> <%= command.id %> server --dir /srv/vetrai -- env',
  ]
  static override jsonDoc = {
    error: 'only where the program could not be run: its own output is passed through',
  }

  async run(): Promise<void> {
    const { own, passedOn } = splitWords(this.argv)
    const { args } = await this.parse(Exec, own)
    const [program, ...rest] = passedOn
    if (program === undefined) {
      throw usageError(
        'There is no program to run.',
        `Name it after --: vetrai exec ${args.component} -- PROGRAM …`,
      )
    }
    const deployment = await this.deployment()
    const { runInside } = await import('../operations/run-inside.js')
    process.exitCode = await runInside(deployment, await this.runtime(deployment), {
      component: args.component,
      command: [program, ...rest],
      interactive: isTerminal(),
    })
  }
}
