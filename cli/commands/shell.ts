import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { DeploymentCommand } from '../base/deployment-command.js'
import { isTerminal } from '../base/output.js'
import { splitWords } from '../base/split-words.js'
import { DATABASE_ROLES, SHELL_TARGETS } from '../runtimes/runtime.js'

export default class Shell extends DeploymentCommand {
  static override summary = 'open psql, redis-cli or a shell of the deployment'
  static override description =
    'db is psql on the database, redis is redis-cli on Redis, server is a shell where the server runs; all are signed in already. What stands after -- is passed on. Without a terminal they read a script from standard input, and psql ends with its first error. The owner of the schema sees rows of tenants only as a policy lets it; superuser sees all. The journal notes who opened what, not what was typed.'
  static override args = {
    target: Args.string({
      description: 'what to open',
      options: [...SHELL_TARGETS],
      required: true,
      ignoreStdin: true,
    }),
  }
  static override flags = {
    role: Flags.option({
      description: 'role to sign in to the database with',
      env: 'VETRAI_ROLE',
      options: DATABASE_ROLES,
      default: 'owner' as const,
    })(),
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %> db',
    "<%= config.bin %> <%= command.id %> db --role app -- --command 'select 1'",
    "echo 'select count(*) from tenants' | <%= config.bin %> <%= command.id %> db --role superuser",
  ]
  static override jsonDoc = { error: 'only where it could not be opened: its own output is passed through' }

  async run(): Promise<void> {
    const { own, passedOn } = splitWords(this.argv)
    const { args, flags } = await this.parse(Shell, own)
    const deployment = await this.deployment()
    const { openShell } = await import('../operations/run-inside.js')
    process.exitCode = await openShell(deployment, await this.runtime(deployment), {
      target: SHELL_TARGETS.find((target) => target === args.target) ?? 'db',
      role: flags.role,
      args: passedOn,
      interactive: isTerminal(),
    })
  }
}
