import { resolve } from 'node:path'
import { bundleDoc } from '../../base/bundle-docs.js'
import { DeploymentCommand } from '../../base/deployment-command.js'
import { requiredArg } from '../../base/flags.js'
import type { BundleSummary } from '../../operations/create-bundle.js'
import { bundleView } from '../../views/image-bundle-views.js'

export default class BundleList extends DeploymentCommand {
  static override summary = 'show what a bundle holds'
  static override description =
    'Reads the manifest and checks that every part is there in its length. The content is held against its SHA-256 by `bundle load`, before anything of it is used.'
  static override args = { file: requiredArg('file that `bundle create` wrote') }
  static override examples = [
    '<%= config.bin %> <%= command.id %> vetrai.bundle',
    '<%= config.bin %> <%= command.id %> vetrai.bundle --json',
  ]
  static override jsonDoc = bundleDoc

  async run(): Promise<BundleSummary> {
    const { args } = await this.parse(BundleList)
    const { readBundle } = await import('../../operations/read-bundle.js')
    return this.show(await readBundle(resolve(args.file)), bundleView)
  }
}
