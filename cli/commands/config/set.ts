import * as Flags from '@oclif/core/flags'
import { DeploymentCommand } from '../../base/deployment-command.js'
import { optionalArg, requiredArg } from '../../base/flags.js'
import { readSecret } from '../../base/read-secret.js'
import { usageError } from '../../base/usage-error.js'
import {
  type ConfigChange,
  changeConfigValue,
  changeSecret,
  secretOf,
} from '../../operations/config-values.js'
import { configChangeView } from '../../views/config-view.js'

export default class ConfigSet extends DeploymentCommand {
  static override summary = 'change one setting of vetrai.yml'
  static override description =
    'Keeps comments and order; nothing is written unless the whole file stays valid. It takes effect with the next `up`. The secrets an operator brings (secrets.smtp-password, secrets.s3-secret-key, secrets.external-postgres-password, secrets.external-redis-password) are read from standard input or asked for, never from arguments.'
  static override args = {
    path: requiredArg('dotted path, such as database.pool_max'),
    value: optionalArg('new value; lists are written [a, b]'),
  }
  static override flags = {
    unset: Flags.boolean({
      description: 'remove the setting, so that its default holds',
      env: 'VETRAI_UNSET',
    }),
    stdin: Flags.boolean({ description: 'read the value from standard input', env: 'VETRAI_STDIN' }),
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %> port 8001',
    '<%= config.bin %> <%= command.id %> public_url --unset',
    'printenv SMTP_PASSWORD | <%= config.bin %> <%= command.id %> secrets.smtp-password --stdin',
  ]
  static override jsonDoc = {
    path: 'the path that was set',
    value: 'its value now, defaults filled in; null for a secret or where nothing is set',
    changed: 'false when it was so already',
  }

  async run(): Promise<ConfigChange> {
    const { args, flags } = await this.parse(ConfigSet)
    const deployment = await this.deployment()
    const secret = secretOf(args.path)
    if (secret) {
      if (args.value !== undefined)
        throw usageError('A secret is never given as an argument.', 'Use --stdin.')
      return this.show(
        await changeSecret(deployment, secret, await this.ask(secret, flags.stdin)),
        configChangeView,
      )
    }
    if ([args.value !== undefined, flags.unset, flags.stdin].filter(Boolean).length !== 1) {
      throw usageError(
        'Give exactly one of a value, --stdin or --unset.',
        `vetrai config set ${args.path} VALUE`,
      )
    }
    const value = flags.stdin ? await this.ask(args.path, true) : args.value
    return this.show(await changeConfigValue(deployment, args.path, value), configChangeView)
  }

  private ask(what: string, fromStdin: boolean): Promise<string> {
    const flag = { flag: '--stdin', env: 'VETRAI_STDIN' }
    return readSecret({ what, fromStdin, flag, repeat: true })
  }
}
