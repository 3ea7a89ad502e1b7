import * as Flags from '@oclif/core/flags'
import { DeploymentCommand } from '../../base/deployment-command.js'
import { optionalArg } from '../../base/flags.js'
import { usageError } from '../../base/usage-error.js'
import type { RotationReport } from '../../operations/secrets/rotate-secrets.js'
import { rotationView } from '../../views/secret-views.js'

export default class SecretsRotate extends DeploymentCommand {
  static override summary = 'give a secret a new value, or all of them'
  static override description =
    'The new value is put into its store, read by what uses it and tried before the one before is forgotten; where a step fails everything goes back. A run that was cut short is finished, or taken back, by the next one or by `up`. API keys, sessions and stored secrets stay good.'
  static override args = { name: optionalArg('secret to rotate; see `vetrai secrets list`') }
  static override flags = {
    all: Flags.boolean({
      description: 'rotate every secret that the deployment uses and made itself',
      env: 'VETRAI_ALL',
    }),
    leaked: Flags.boolean({
      description: 'refuse at once what the present key signed: everybody gets a new access token (jwt)',
      env: 'VETRAI_LEAKED',
    }),
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %> redis-password',
    '<%= config.bin %> <%= command.id %> jwt --leaked',
    '<%= config.bin %> <%= command.id %> --all --json',
  ]
  static override jsonDoc = {
    rotated: {
      '[]': {
        name: 'name of a secret with a new value',
        detail: 'what follows from it; null where nothing does',
      },
    },
    finished: { '[]': 'name of a secret whose interrupted rotation was finished first' },
    undone: { '[]': 'name of a secret whose interrupted rotation was taken back first' },
  }

  async run(): Promise<RotationReport> {
    const { args, flags } = await this.parse(SecretsRotate)
    if ((args.name === undefined) !== (flags.all === true)) {
      throw usageError('Name one secret, or rotate all.', 'Add a name from `vetrai secrets list`, or --all')
    }
    if (flags.leaked === true && args.name !== undefined && args.name !== 'jwt') {
      throw usageError(
        'Only what `jwt` signs outlives its key.',
        'Leave --leaked out: the value before is forgotten.',
      )
    }
    const deployment = await this.deployment()
    const { rotateSecrets } = await import('../../operations/secrets/rotate-secrets.js')
    const context = { deployment, runtime: await this.runtime(deployment), progress: this.progress }
    return this.show(
      await rotateSecrets(context, { name: args.name, leaked: flags.leaked === true }),
      rotationView,
    )
  }
}
