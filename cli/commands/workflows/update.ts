import * as Flags from '@oclif/core/flags'
import { tenantFlag } from '../../base/flags.js'
import { given } from '../../base/given.js'
import { jsonFlag, readJsonInput } from '../../base/json-input.js'
import { TenantCommand } from '../../base/tenant-command.js'
import { usageError } from '../../base/usage-error.js'
import { workflowDoc } from '../../base/workflow-docs.js'
import { workflowArg } from '../../base/workflow-flags.js'
import type { WorkflowTemplate } from '../../clients/workflow-resources.js'
import { updateWorkflow } from '../../operations/workflows.js'
import { workflowView } from '../../views/workflow-views.js'

export default class WorkflowsUpdate extends TenantCommand {
  static override summary = 'change the draft, the name or the description of a workflow'
  static override description = 'Published versions and their runs stay as they are.'
  static override args = { workflow: workflowArg }
  static override flags = {
    tenant: tenantFlag,
    graph: jsonFlag('the new draft', 'VETRAI_GRAPH'),
    name: Flags.string({ description: 'a new name', env: 'VETRAI_WORKFLOW_NAME', helpValue: 'NAME' }),
    description: Flags.string({ description: 'what it is for', env: 'VETRAI_DESCRIPTION' }),
  }
  static override examples = ['<%= config.bin %> <%= command.id %> triage --tenant acme --graph @triage.json']
  static override jsonDoc = workflowDoc

  async run(): Promise<WorkflowTemplate> {
    const { args, flags } = await this.parse(WorkflowsUpdate)
    const { name, description } = flags
    const changes = given({ name, description, graph: await readJsonInput('graph', flags.graph) })
    if (Object.keys(changes).length === 0)
      throw usageError('Nothing was given to change.', 'Give --graph, --name or --description.')
    const api = await this.tenantApi(flags.tenant)
    return this.show(await updateWorkflow(api, args.workflow, changes), workflowView)
  }
}
