import * as Flags from '@oclif/core/flags'
import { requiredArg, tenantFilterFlag } from '../../base/flags.js'
import { writeResult } from '../../base/output.js'
import { TenantCommand } from '../../base/tenant-command.js'
import { readJobLines } from '../../operations/jobs.js'
import { jobLine } from '../../views/job-views.js'

export default class JobsLogs extends TenantCommand {
  static override summary = 'show the lines a job kept'
  static override description = 'With --json each line is one JSON document.'
  static override args = { job: requiredArg('id of the job') }
  static override flags = {
    tenant: tenantFilterFlag,
    follow: Flags.boolean({
      char: 'f',
      description: 'keep showing new lines until the job is settled',
      env: 'VETRAI_FOLLOW',
    }),
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %> 01990f6e-5f0e-7000-8000-000000000000 --tenant acme --follow',
  ]
  static override jsonDoc = { sequence: 'number of the line', at: 'when it was written', line: 'the line' }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(JobsLogs)
    const api = await this.tenantApi(flags.tenant)
    for await (const line of readJobLines(api, args.job, flags.follow)) {
      writeResult(this.jsonEnabled() ? JSON.stringify(line) : jobLine(line, this.paint))
    }
  }
}
