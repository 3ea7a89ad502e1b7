import * as Flags from '@oclif/core/flags'
import { tenantFlag } from '../../base/flags.js'
import { given } from '../../base/given.js'
import { jsonFlag, readJsonInput } from '../../base/json-input.js'
import { TenantCommand } from '../../base/tenant-command.js'
import { workflowRunDoc } from '../../base/workflow-docs.js'
import { runArg } from '../../base/workflow-flags.js'
import type { WorkflowRun } from '../../clients/workflow-resources.js'
import { replayRun } from '../../operations/workflows.js'
import { runView } from '../../views/workflow-views.js'

export default class WorkflowsReplay extends TenantCommand {
  static override summary = 'begin a new run where an old one was'
  static override description =
    'At its newest checkpoint or at another, also with other outputs, another input or another version: to go on from where a run failed.'
  static override args = { run: runArg }
  static override flags = {
    tenant: tenantFlag,
    checkpoint: Flags.string({
      description: 'id of the checkpoint',
      env: 'VETRAI_CHECKPOINT',
      helpValue: 'ID',
    }),
    version: Flags.integer({ description: 'another version of the workflow', env: 'VETRAI_VERSION', min: 1 }),
    input: jsonFlag('another input', 'VETRAI_INPUT'),
    steps: jsonFlag('other outputs of steps, by their ids', 'VETRAI_STEPS'),
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %> 01990f6e-5f0e-7000-8000-000000000000 --tenant acme --version 4',
    `<%= config.bin %> <%= command.id %> 01990f6e-5f0e-7000-8000-000000000000 --tenant acme --steps '{"score":90}' --json`,
  ]
  static override jsonDoc = workflowRunDoc

  async run(): Promise<WorkflowRun> {
    const { args, flags } = await this.parse(WorkflowsReplay)
    const from = given({
      checkpoint_id: flags.checkpoint,
      version: flags.version,
      input: await readJsonInput('input', flags.input),
      steps: await readJsonInput('steps', flags.steps),
    })
    return this.show(await replayRun(await this.tenantApi(flags.tenant), args.run, from), runView)
  }
}
