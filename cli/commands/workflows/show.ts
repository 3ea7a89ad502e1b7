import * as Flags from '@oclif/core/flags'
import { tenantFlag } from '../../base/flags.js'
import { TenantCommand } from '../../base/tenant-command.js'
import { workflowArg } from '../../base/workflow-flags.js'
import { drawWorkflow } from '../../operations/workflows.js'
import { drawingView } from '../../views/workflow-views.js'

export default class WorkflowsShow extends TenantCommand {
  static override summary = 'draw a workflow as Mermaid text'
  static override description =
    'Of the draft, or of a published version. Many editors and chats show it as a picture.'
  static override args = { workflow: workflowArg }
  static override flags = {
    tenant: tenantFlag,
    version: Flags.integer({ description: 'a published version', env: 'VETRAI_VERSION', min: 1 }),
  }
  static override examples = ['<%= config.bin %> <%= command.id %> triage --tenant acme > triage.mmd']
  static override jsonDoc = { mermaid: 'the graph as Mermaid text' }

  async run(): Promise<{ mermaid: string }> {
    const { args, flags } = await this.parse(WorkflowsShow)
    const api = await this.tenantApi(flags.tenant)
    return this.show(await drawWorkflow(api, args.workflow, flags.version), drawingView)
  }
}
