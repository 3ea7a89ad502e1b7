import * as Flags from '@oclif/core/flags'
import { confirmByName } from '../base/confirm.js'
import { DeploymentCommand } from '../base/deployment-command.js'
import { confirmFlag } from '../base/flags.js'
import type { RestoredTo } from '../runtimes/runtime.js'
import { restoredToView } from '../views/point-in-time-views.js'

export default class Restore extends DeploymentCommand {
  static override summary = 'bring the database back to a point in time'
  static override description =
    'Stops the server, restores the built-in database from its archive (`backup.wal: true`) into a new volume as it was at that time, and serves it. What was there before is kept in its volume. A time that the archive does not reach is refused before anything is stopped; where the restore fails, the data of before is served again. Uploaded files stay as they are.'
  static override flags = {
    at: Flags.string({
      description: 'the time, with its zone',
      env: 'VETRAI_AT',
      helpValue: 'TIME',
      required: true,
    }),
    confirm: confirmFlag('the name of the deployment'),
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %> --at 2026-11-26T10:00:00Z --confirm my-deployment',
    '<%= config.bin %> <%= command.id %> --at "2026-11-26 11:00:00+01:00" --confirm my-deployment --json',
  ]
  static override jsonDoc = {
    at: 'the time asked for',
    reached:
      'when the last transaction that is there was committed; null where none came after the base backup',
    base_backup: 'label of the base backup it began with',
    volume: 'volume that holds the database now',
    kept_volume: 'volume with the data as it was before',
  }

  async run(): Promise<RestoredTo> {
    const { flags } = await this.parse(Restore)
    const { pointInTime, readTime } = await import('../operations/point-in-time.js')
    const time = readTime(flags.at)
    const deployment = await this.deployment()
    const able = pointInTime(await this.runtime(deployment))
    await confirmByName({
      name: deployment.name,
      consequence: `takes back every change of the database after ${time.toISOString()}`,
      given: flags.confirm,
    })
    return this.show(await able.restoreTo(deployment, time, this.progress), restoredToView)
  }
}
