import { tenantFilterFlag } from '../../base/flags.js'
import { queueDoc } from '../../base/resource-docs.js'
import { TenantCommand } from '../../base/tenant-command.js'
import type { Queue } from '../../clients/resources.js'
import { listQueues } from '../../operations/jobs.js'
import { queuesView } from '../../views/job-views.js'

export default class QueuesList extends TenantCommand {
  static override summary = 'list the queues and what waits in them'
  static override description = 'Counts jobs of all tenants, or with --tenant of one.'
  static override flags = { tenant: tenantFilterFlag }
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --tenant acme --json',
  ]
  static override jsonDoc = { data: { '[]': queueDoc } }

  async run(): Promise<{ data: Queue[] }> {
    const { flags } = await this.parse(QueuesList)
    return this.show(await listQueues(await this.tenantApi(flags.tenant)), queuesView)
  }
}
