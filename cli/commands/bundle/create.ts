import { resolve } from 'node:path'
import { bundleDoc } from '../../base/bundle-docs.js'
import { DeploymentCommand } from '../../base/deployment-command.js'
import { requiredArg } from '../../base/flags.js'
import type { BundleSummary } from '../../operations/create-bundle.js'
import { createdBundleView } from '../../views/image-bundle-views.js'

export default class BundleCreate extends DeploymentCommand {
  static override summary = 'write images and command line of a deployment into one file'
  static override description =
    'For hosts without a registry: every image that the deployment uses, those of one-off containers included, and this installation of the command line. Images that are missing are built or pulled first. The file holds no secret and no setting, is readable by its owner only, and is there whole or not at all. Needs the runtime compose; nothing has to run.'
  static override args = { file: requiredArg('file to write; it must not exist') }
  static override examples = [
    '<%= config.bin %> <%= command.id %> vetrai.bundle',
    '<%= config.bin %> <%= command.id %> /mnt/usb/vetrai.bundle --dir /srv/vetrai --json',
  ]
  static override jsonDoc = bundleDoc

  async run(): Promise<BundleSummary> {
    const { args } = await this.parse(BundleCreate)
    const { createBundle } = await import('../../operations/create-bundle.js')
    const deployment = await this.deployment()
    return this.show(await createBundle(deployment, resolve(args.file), this.progress), createdBundleView)
  }
}
