import { tenantFlag } from '../../base/flags.js'
import { TenantCommand } from '../../base/tenant-command.js'
import type { JobKind } from '../../clients/resources.js'
import { listJobKinds } from '../../operations/jobs.js'
import { jobKindsView } from '../../views/job-views.js'

export default class JobsKinds extends TenantCommand {
  static override summary = 'list the kinds of jobs that can be enqueued'
  static override description = 'With --json also the JSON Schema of each payload.'
  static override flags = { tenant: tenantFlag }
  static override examples = ['<%= config.bin %> <%= command.id %> --tenant acme --json']
  static override jsonDoc = {
    data: {
      '[]': {
        kind: 'name of the kind',
        queue: 'its queue',
        summary: 'what it does',
        payload_schema: 'JSON Schema of its payload',
      },
    },
  }

  async run(): Promise<{ data: JobKind[] }> {
    const { flags } = await this.parse(JobsKinds)
    return this.show(await listJobKinds(await this.tenantApi(flags.tenant)), jobKindsView)
  }
}
