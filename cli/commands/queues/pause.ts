import * as Flags from '@oclif/core/flags'
import { ApiCommand } from '../../base/api-command.js'
import { requiredArg } from '../../base/flags.js'
import { given } from '../../base/given.js'
import { queueDoc } from '../../base/resource-docs.js'
import type { Queue } from '../../clients/resources.js'
import { pauseQueue } from '../../operations/jobs.js'
import { queueView } from '../../views/job-views.js'

export default class QueuesPause extends ApiCommand {
  static override summary = 'keep jobs of a queue from beginning'
  static override description = 'Those that run go on; nothing is lost. Safe to repeat.'
  static override args = { queue: requiredArg('name of the queue') }
  static override flags = {
    reason: Flags.string({ description: 'why, for whoever looks', env: 'VETRAI_REASON', helpValue: 'TEXT' }),
  }
  static override examples = ['<%= config.bin %> <%= command.id %> notifications --reason "provider is down"']
  static override jsonDoc = queueDoc

  async run(): Promise<Queue> {
    const { args, flags } = await this.parse(QueuesPause)
    return this.show(
      await pauseQueue(await this.api(), args.queue, given({ reason: flags.reason })),
      queueView,
    )
  }
}
