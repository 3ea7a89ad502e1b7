import * as Flags from '@oclif/core/flags'
import { requiredArg, tenantFlag } from '../../base/flags.js'
import { given } from '../../base/given.js'
import { jsonFlag, readJsonInput } from '../../base/json-input.js'
import { TenantCommand } from '../../base/tenant-command.js'
import { usageError } from '../../base/usage-error.js'
import { workflowDoc } from '../../base/workflow-docs.js'
import type { WorkflowTemplate } from '../../clients/workflow-resources.js'
import { createWorkflow, findWorkflow, publishWorkflow } from '../../operations/workflows.js'
import { workflowView } from '../../views/workflow-views.js'

export default class WorkflowsCreate extends TenantCommand {
  static override summary = 'make a workflow'
  static override description =
    'From one of the catalogue, or from a graph of your own. With --publish it can be run at once.'
  static override args = { name: requiredArg('name of the workflow: lower-case letters, digits and hyphens') }
  static override flags = {
    tenant: tenantFlag,
    from: Flags.string({
      description: 'workflow of the catalogue to begin with',
      env: 'VETRAI_FROM',
      helpValue: 'NAME',
      exclusive: ['graph'],
    }),
    graph: jsonFlag('the workflow', 'VETRAI_GRAPH'),
    description: Flags.string({ description: 'what it is for', env: 'VETRAI_DESCRIPTION' }),
    publish: Flags.boolean({ description: 'publish it as version 1', env: 'VETRAI_PUBLISH' }),
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %> hello --tenant acme --from first-steps --publish',
    '<%= config.bin %> <%= command.id %> triage --tenant acme --graph @triage.json --json',
  ]
  static override jsonDoc = workflowDoc

  async run(): Promise<WorkflowTemplate> {
    const { args, flags } = await this.parse(WorkflowsCreate)
    if (flags.from === undefined && flags.graph === undefined)
      throw usageError('A workflow begins with something.', 'Give --from NAME or --graph @FILE.')
    const api = await this.tenantApi(flags.tenant)
    const graph = await readJsonInput('graph', flags.graph)
    const { from, description } = flags
    const made = await createWorkflow(api, { name: args.name, ...given({ from, description, graph }) })
    if (!flags.publish) return this.show(made, workflowView)
    await publishWorkflow(api, made.id, {})
    return this.show(await findWorkflow(api, made.id), workflowView)
  }
}
