import * as Flags from '@oclif/core/flags'
import { pageFlags, tenantFilterFlag } from '../../base/flags.js'
import { given } from '../../base/given.js'
import { pageDoc } from '../../base/json-doc.js'
import { deadLetterDoc } from '../../base/resource-docs.js'
import { TenantCommand } from '../../base/tenant-command.js'
import type { Page } from '../../clients/api.js'
import type { DeadLetter } from '../../clients/resources.js'
import { listDeadLetters } from '../../operations/jobs.js'
import { deadLettersView } from '../../views/job-views.js'

export default class JobsDead extends TenantCommand {
  static override summary = 'list jobs that failed for good'
  static override description = 'Those that were not run again yet; all of them with --redriven.'
  static override flags = {
    tenant: tenantFilterFlag,
    kind: Flags.string({ description: 'only jobs of this kind', env: 'VETRAI_KIND', helpValue: 'KIND' }),
    queue: Flags.string({ description: 'only jobs of this queue', env: 'VETRAI_QUEUE', helpValue: 'QUEUE' }),
    redriven: Flags.boolean({ description: 'also those that were run again', env: 'VETRAI_REDRIVEN' }),
    ...pageFlags,
  }
  static override examples = ['<%= config.bin %> <%= command.id %> --tenant acme --all --json']
  static override jsonDoc = pageDoc(deadLetterDoc)

  async run(): Promise<Page<DeadLetter>> {
    const { flags } = await this.parse(JobsDead)
    const { kind, queue } = flags
    const filter = given({ kind, queue, open: flags.redriven ? undefined : 'true' })
    return this.show(
      await listDeadLetters(await this.tenantApi(flags.tenant), flags, filter),
      deadLettersView,
    )
  }
}
