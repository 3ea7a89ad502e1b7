import * as Flags from '@oclif/core/flags'
import { tenantFlag } from '../../base/flags.js'
import { TenantCommand } from '../../base/tenant-command.js'
import { workflowRunDoc } from '../../base/workflow-docs.js'
import { runArg } from '../../base/workflow-flags.js'
import type { WorkflowRun } from '../../clients/workflow-resources.js'
import { getRun, waitForRun } from '../../operations/workflows.js'
import { runEventText, runView } from '../../views/workflow-views.js'

export default class WorkflowsStatus extends TenantCommand {
  static override summary = 'show a run and what it waits for'
  static override description = 'With --follow it shows every event until the run is over.'
  static override args = { run: runArg }
  static override flags = {
    tenant: tenantFlag,
    follow: Flags.boolean({ char: 'f', description: 'keep showing events', env: 'VETRAI_FOLLOW' }),
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %> 01990f6e-5f0e-7000-8000-000000000000 --tenant acme',
    '<%= config.bin %> <%= command.id %> 01990f6e-5f0e-7000-8000-000000000000 --tenant acme --follow',
  ]
  static override jsonDoc = workflowRunDoc

  async run(): Promise<WorkflowRun> {
    const { args, flags } = await this.parse(WorkflowsStatus)
    const api = await this.tenantApi(flags.tenant)
    const run = flags.follow
      ? await waitForRun(api, args.run, (event) => this.say(runEventText(event, args.run, this.paint)))
      : await getRun(api, args.run)
    return this.show(run, runView)
  }
}
