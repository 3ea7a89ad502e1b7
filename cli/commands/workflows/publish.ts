import * as Flags from '@oclif/core/flags'
import { tenantFlag } from '../../base/flags.js'
import { given } from '../../base/given.js'
import { TenantCommand } from '../../base/tenant-command.js'
import { workflowVersionDoc } from '../../base/workflow-docs.js'
import { workflowArg } from '../../base/workflow-flags.js'
import type { WorkflowVersion } from '../../clients/workflow-resources.js'
import { publishWorkflow } from '../../operations/workflows.js'
import { publishedView } from '../../views/workflow-views.js'

export default class WorkflowsPublish extends TenantCommand {
  static override summary = 'publish the draft of a workflow, or an old version again'
  static override description = 'Versions never change; runs that name none get the newest.'
  static override args = { workflow: workflowArg }
  static override flags = {
    tenant: tenantFlag,
    note: Flags.string({ description: 'what is new about it', env: 'VETRAI_NOTE' }),
    'from-version': Flags.integer({
      description: 'publish this old version again',
      env: 'VETRAI_FROM_VERSION',
      min: 1,
    }),
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %> triage --tenant acme --note "asks twice"',
    '<%= config.bin %> <%= command.id %> triage --tenant acme --from-version 3',
  ]
  static override jsonDoc = workflowVersionDoc

  async run(): Promise<WorkflowVersion> {
    const { args, flags } = await this.parse(WorkflowsPublish)
    const what = given({ note: flags.note, from_version: flags['from-version'] })
    const api = await this.tenantApi(flags.tenant)
    return this.show(await publishWorkflow(api, args.workflow, what), publishedView)
  }
}
