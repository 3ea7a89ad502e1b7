import * as Flags from '@oclif/core/flags'
import { tenantFlag } from '../../base/flags.js'
import { given } from '../../base/given.js'
import { jsonFlag, readJsonInput } from '../../base/json-input.js'
import { TenantCommand } from '../../base/tenant-command.js'
import { missingAnswers } from '../../base/usage-error.js'
import { workflowRunDoc } from '../../base/workflow-docs.js'
import { runArg } from '../../base/workflow-flags.js'
import type { WorkflowRun } from '../../clients/workflow-resources.js'
import { resumeRun } from '../../operations/workflows.js'
import { runView } from '../../views/workflow-views.js'

export default class WorkflowsResume extends TenantCommand {
  static override summary = 'answer what a run asks'
  static override description =
    '`vetrai workflows status` shows the question; who answered is kept with the answer.'
  static override args = { run: runArg }
  static override flags = {
    tenant: tenantFlag,
    answer: jsonFlag('the answer', 'VETRAI_ANSWER'),
    wait: Flags.string({
      description: 'id of the question, where there are several',
      env: 'VETRAI_WAIT_ID',
      helpValue: 'ID',
    }),
  }
  static override examples = [
    `<%= config.bin %> <%= command.id %> 01990f6e-5f0e-7000-8000-000000000000 --tenant acme --answer '{"approved":true}'`,
  ]
  static override jsonDoc = workflowRunDoc

  async run(): Promise<WorkflowRun> {
    const { args, flags } = await this.parse(WorkflowsResume)
    const answer = await readJsonInput('answer', flags.answer)
    if (answer === undefined) throw missingAnswers([{ flag: '--answer', env: 'VETRAI_ANSWER' }])
    const api = await this.tenantApi(flags.tenant)
    return this.show(await resumeRun(api, args.run, { answer, ...given({ wait_id: flags.wait }) }), runView)
  }
}
