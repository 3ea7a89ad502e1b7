import { ApiCommand } from '../../base/api-command.js'
import { requiredArg } from '../../base/flags.js'
import { queueDoc } from '../../base/resource-docs.js'
import type { Queue } from '../../clients/resources.js'
import { resumeQueue } from '../../operations/jobs.js'
import { queueView } from '../../views/job-views.js'

export default class QueuesResume extends ApiCommand {
  static override summary = 'let jobs of a queue begin again'
  static override description = 'What waited begins at once. Safe to repeat.'
  static override args = { queue: requiredArg('name of the queue') }
  static override examples = ['<%= config.bin %> <%= command.id %> notifications']
  static override jsonDoc = queueDoc

  async run(): Promise<Queue> {
    const { args } = await this.parse(QueuesResume)
    return this.show(await resumeQueue(await this.api(), args.queue), queueView)
  }
}
