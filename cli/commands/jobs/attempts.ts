import { requiredArg, tenantFilterFlag } from '../../base/flags.js'
import { TenantCommand } from '../../base/tenant-command.js'
import type { JobAttempt } from '../../clients/resources.js'
import { listAttempts } from '../../operations/jobs.js'
import { attemptsView } from '../../views/job-views.js'

export default class JobsAttempts extends TenantCommand {
  static override summary = 'show how often a job was tried'
  static override description = 'With the outcome of each attempt and when the next one is due.'
  static override args = { job: requiredArg('id of the job') }
  static override flags = { tenant: tenantFilterFlag }
  static override examples = [
    '<%= config.bin %> <%= command.id %> 01990f6e-5f0e-7000-8000-000000000000 --tenant acme',
  ]
  static override jsonDoc = {
    data: {
      '[]': {
        attempt: 'its number, from 1',
        outcome: 'running, succeeded, failed, timed_out, lost, cancelled or later',
        error: 'what went wrong, or null',
        next_run_at: 'when the next one is due, or null',
      },
    },
  }

  async run(): Promise<{ data: JobAttempt[] }> {
    const { args, flags } = await this.parse(JobsAttempts)
    return this.show(await listAttempts(await this.tenantApi(flags.tenant), args.job), attemptsView)
  }
}
