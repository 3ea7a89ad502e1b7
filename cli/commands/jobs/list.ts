import * as Flags from '@oclif/core/flags'
import { pageFlags, tenantFilterFlag } from '../../base/flags.js'
import { given } from '../../base/given.js'
import { pageDoc } from '../../base/json-doc.js'
import { jobDoc } from '../../base/resource-docs.js'
import { TenantCommand } from '../../base/tenant-command.js'
import type { Page } from '../../clients/api.js'
import type { Job } from '../../clients/resources.js'
import { listJobs } from '../../operations/jobs.js'
import { jobsView } from '../../views/job-views.js'

export default class JobsList extends TenantCommand {
  static override summary = 'list background jobs'
  static override description = 'Of one tenant, or without --tenant of the installation itself; newest first.'
  static override flags = {
    tenant: tenantFilterFlag,
    status: Flags.string({
      description: 'only jobs in this state',
      env: 'VETRAI_STATUS',
      options: ['scheduled', 'queued', 'running', 'waiting', 'succeeded', 'failed', 'cancelled'],
    }),
    kind: Flags.string({ description: 'only jobs of this kind', env: 'VETRAI_KIND', helpValue: 'KIND' }),
    queue: Flags.string({ description: 'only jobs of this queue', env: 'VETRAI_QUEUE', helpValue: 'QUEUE' }),
    ...pageFlags,
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %> --tenant acme --status failed',
    '<%= config.bin %> <%= command.id %> --kind auth.sweep-expired --json',
  ]
  static override jsonDoc = pageDoc(jobDoc)

  async run(): Promise<Page<Job>> {
    const { flags } = await this.parse(JobsList)
    const { status, kind, queue } = flags
    const api = await this.tenantApi(flags.tenant)
    return this.show(await listJobs(api, flags, given({ status, kind, queue })), jobsView)
  }
}
