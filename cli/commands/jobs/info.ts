import { requiredArg, tenantFilterFlag } from '../../base/flags.js'
import { jobDoc } from '../../base/resource-docs.js'
import { TenantCommand } from '../../base/tenant-command.js'
import type { Job } from '../../clients/resources.js'
import { getJob } from '../../operations/jobs.js'
import { jobView } from '../../views/job-views.js'

export default class JobsInfo extends TenantCommand {
  static override summary = 'show one background job'
  static override description = 'With its progress, its result and why it failed.'
  static override args = { job: requiredArg('id of the job') }
  static override flags = { tenant: tenantFilterFlag }
  static override examples = [
    '<%= config.bin %> <%= command.id %> 01990f6e-5f0e-7000-8000-000000000000 --tenant acme',
  ]
  static override jsonDoc = jobDoc

  async run(): Promise<Job> {
    const { args, flags } = await this.parse(JobsInfo)
    return this.show(await getJob(await this.tenantApi(flags.tenant), args.job), jobView)
  }
}
