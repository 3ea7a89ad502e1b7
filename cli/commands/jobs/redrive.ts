import * as Flags from '@oclif/core/flags'
import { optionalArg, tenantFilterFlag } from '../../base/flags.js'
import { given } from '../../base/given.js'
import { TenantCommand } from '../../base/tenant-command.js'
import { redriveMany, redriveOne } from '../../operations/jobs.js'
import { redrivenView } from '../../views/job-views.js'

export default class JobsRedrive extends TenantCommand {
  static override summary = 'run jobs that failed for good again'
  static override description = 'One dead letter by its id, or the oldest of them up to --limit.'
  static override args = { letter: optionalArg('id of the dead letter; the oldest ones without it') }
  static override flags = {
    tenant: tenantFilterFlag,
    kind: Flags.string({ description: 'only jobs of this kind', env: 'VETRAI_KIND', helpValue: 'KIND' }),
    queue: Flags.string({ description: 'only jobs of this queue', env: 'VETRAI_QUEUE', helpValue: 'QUEUE' }),
    limit: Flags.integer({ description: 'how many at most', env: 'VETRAI_LIMIT', min: 1, max: 1_000 }),
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %> --tenant acme --kind workers.http-request --limit 500',
    '<%= config.bin %> <%= command.id %> 01990f6e-5f0e-7000-8000-000000000000 --tenant acme',
  ]
  static override jsonDoc = { redriven: 'how many jobs will run again' }

  async run(): Promise<{ redriven: number }> {
    const { args, flags } = await this.parse(JobsRedrive)
    const { kind, queue, limit } = flags
    const api = await this.tenantApi(flags.tenant)
    const result =
      args.letter === undefined
        ? await redriveMany(api, given({ kind, queue, limit }))
        : await redriveOne(api, args.letter)
    return this.show(result, redrivenView)
  }
}
