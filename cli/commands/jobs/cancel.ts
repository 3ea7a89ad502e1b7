import { requiredArg, tenantFilterFlag } from '../../base/flags.js'
import { jobDoc } from '../../base/resource-docs.js'
import { TenantCommand } from '../../base/tenant-command.js'
import type { Job } from '../../clients/resources.js'
import { cancelJob } from '../../operations/jobs.js'
import { jobView } from '../../views/job-views.js'

export default class JobsCancel extends TenantCommand {
  static override summary = 'stop a background job for good'
  static override description = 'With all jobs below it. What runs is told to stop; safe to repeat.'
  static override args = { job: requiredArg('id of the job') }
  static override flags = { tenant: tenantFilterFlag }
  static override examples = [
    '<%= config.bin %> <%= command.id %> 01990f6e-5f0e-7000-8000-000000000000 --tenant acme',
  ]
  static override jsonDoc = jobDoc

  async run(): Promise<Job> {
    const { args, flags } = await this.parse(JobsCancel)
    return this.show(await cancelJob(await this.tenantApi(flags.tenant), args.job), jobView)
  }
}
