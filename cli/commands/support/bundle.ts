import * as Flags from '@oclif/core/flags'
import { DeploymentCommand } from '../../base/deployment-command.js'
import type { SupportBundle } from '../../operations/support/make-bundle.js'
import { bundleView } from '../../views/bundle-view.js'

export default class SupportBundleCommand extends DeploymentCommand {
  static override summary = 'pack what somebody needs to help into one file'
  static override description =
    'Versions, what doctor and status say, configuration, journal, the newest log lines of each component, migrations and what Docker says, in a .tar.gz that only you can read. Secrets, tokens, passwords in URLs and e-mail addresses are taken out; look it through before you give it away. Works while everything is down.'
  static override flags = {
    output: Flags.string({
      description: 'file to write; a new one in the current directory without it',
      env: 'VETRAI_OUTPUT',
      helpValue: 'FILE',
    }),
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --output /tmp/vetrai.tar.gz --json',
  ]
  static override jsonDoc = {
    file: 'the archive, readable by its owner only',
    bytes: 'its size',
    contents: {
      '[]': {
        path: 'path within the archive',
        bytes: 'its size',
        sha256: 'its SHA-256',
        about: 'what it is',
      },
    },
    missing: { '[]': { path: 'what could not be had', reason: 'why' } },
  }

  async run(): Promise<SupportBundle> {
    const { flags } = await this.parse(SupportBundleCommand)
    const { makeBundle } = await import('../../operations/support/make-bundle.js')
    return this.show(await makeBundle(this.deploymentDir, flags.output, this.progress), bundleView)
  }
}
