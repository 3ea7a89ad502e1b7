import * as Flags from '@oclif/core/flags'
import { EXIT } from '../../base/exit-codes.js'
import { tenantFlag } from '../../base/flags.js'
import { given } from '../../base/given.js'
import { jsonFlag, readJsonInput } from '../../base/json-input.js'
import { TenantCommand } from '../../base/tenant-command.js'
import { workflowRunDoc } from '../../base/workflow-docs.js'
import { workflowArg } from '../../base/workflow-flags.js'
import type { WorkflowRun } from '../../clients/workflow-resources.js'
import { startRun, waitForRun } from '../../operations/workflows.js'
import { runEventText, runView } from '../../views/workflow-views.js'

export default class WorkflowsRun extends TenantCommand {
  static override summary = 'start a workflow'
  static override description =
    'With --wait it shows each step as it ends and exits 1 when the run fails; without, it answers at once.'
  static override args = { workflow: workflowArg }
  static override flags = {
    tenant: tenantFlag,
    input: jsonFlag('what the run is given', 'VETRAI_INPUT'),
    version: Flags.integer({
      description: 'a published version; the newest without it',
      env: 'VETRAI_VERSION',
      min: 1,
    }),
    wait: Flags.boolean({ description: 'wait until it is over', env: 'VETRAI_WAIT' }),
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %> hello --tenant acme --wait',
    `<%= config.bin %> <%= command.id %> triage --tenant acme --input '{"subject":"Help","message":"It breaks"}' --json`,
  ]
  static override jsonDoc = workflowRunDoc

  async run(): Promise<WorkflowRun> {
    const { args, flags } = await this.parse(WorkflowsRun)
    const api = await this.tenantApi(flags.tenant)
    const input = await readJsonInput('input', flags.input)
    const started = await startRun(api, {
      template: args.workflow,
      ...given({ version: flags.version, input }),
    })
    if (!flags.wait) return this.show(started, runView)
    this.say(`Run ${started.id}`)
    const run = await waitForRun(api, started.id, (event) =>
      this.say(runEventText(event, started.id, this.paint)),
    )
    if (run.status !== 'succeeded') process.exitCode = EXIT.failed
    return this.show(run, runView)
  }
}
