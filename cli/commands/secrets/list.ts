import { DeploymentCommand } from '../../base/deployment-command.js'
import type { ListedSecret } from '../../operations/secrets/list-secrets.js'
import { secretsView } from '../../views/secret-views.js'

export default class SecretsList extends DeploymentCommand {
  static override summary = 'list the secrets of the deployment, never their values'
  static override description =
    'Tells what each is for, how old it is, when it was last rotated and how it is replaced. Works while the deployment is stopped.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --json',
  ]
  static override jsonDoc = {
    secrets: {
      '[]': {
        name: 'name of the secret',
        about: 'what it is for',
        used: 'whether this deployment uses it',
        rotate: 'how it is replaced',
        mode: 'octal mode of its file; null without one',
        changed_at: 'when its file was written; null without one',
        rotated_at: 'when it was last rotated; null where it never was',
        previous_kept: 'true while a rotation is not settled: the value before is kept too',
      },
    },
  }

  async run(): Promise<{ secrets: ListedSecret[] }> {
    await this.parse(SecretsList)
    const { listSecrets } = await import('../../operations/secrets/list-secrets.js')
    return this.show(await listSecrets(await this.deployment()), secretsView)
  }
}
