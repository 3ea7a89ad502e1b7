import { resolve } from 'node:path'
import * as Flags from '@oclif/core/flags'
import { DeploymentCommand } from '../../base/deployment-command.js'
import { requiredArg } from '../../base/flags.js'
import type { LoadedBundle } from '../../operations/load-bundle.js'
import { loadedBundleView } from '../../views/image-bundle-views.js'

export default class BundleLoad extends DeploymentCommand {
  static override summary = 'give the images of a bundle to the Docker engine'
  static override description =
    'Reads the whole file first and holds every part against its SHA-256: nothing of a bundle that is damaged, cut off, of another format or for another architecture is used. Where --dir holds a deployment, its lock.json notes the images, so that the next `up` neither pulls nor builds. With --cli the command line is unpacked as well. Safe to repeat.'
  static override args = { file: requiredArg('file that `bundle create` wrote') }
  static override flags = {
    cli: Flags.string({
      description: 'new folder to unpack the command line into',
      env: 'VETRAI_CLI',
      helpValue: 'DIR',
    }),
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %> vetrai.bundle',
    '<%= config.bin %> <%= command.id %> vetrai.bundle --dir /srv/vetrai --cli /opt/vetrai-0.2.0',
  ]
  static override jsonDoc = {
    file: 'the bundle',
    vetrai_version: 'version of VetrAI in it',
    images: 'names of the images that the engine has now',
    cli_dir: 'where the command line was unpacked; null without --cli',
    deployment: 'directory of the deployment whose lock.json knows the images; null where there is none',
  }

  async run(): Promise<LoadedBundle> {
    const { args, flags } = await this.parse(BundleLoad)
    const { loadBundle } = await import('../../operations/load-bundle.js')
    const input = {
      file: resolve(args.file),
      dir: this.deploymentDir,
      cliDir: flags.cli === undefined ? undefined : resolve(flags.cli),
    }
    return this.show(await loadBundle(input, this.progress), loadedBundleView)
  }
}
