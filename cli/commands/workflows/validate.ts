import { EXIT } from '../../base/exit-codes.js'
import { tenantFlag } from '../../base/flags.js'
import { jsonFlag, readJsonInput } from '../../base/json-input.js'
import { TenantCommand } from '../../base/tenant-command.js'
import { workflowArg } from '../../base/workflow-flags.js'
import type { WorkflowVerdict } from '../../clients/workflow-resources.js'
import { validateWorkflow } from '../../operations/workflows.js'
import { verdictView } from '../../views/workflow-views.js'

export default class WorkflowsValidate extends TenantCommand {
  static override summary = 'check a workflow without publishing it'
  static override description =
    'Names everything that is wrong at once, with its place. Exits 1 when something is.'
  static override args = { workflow: workflowArg }
  static override flags = {
    tenant: tenantFlag,
    graph: jsonFlag('checked instead of the draft', 'VETRAI_GRAPH'),
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %> triage --tenant acme',
    '<%= config.bin %> <%= command.id %> triage --tenant acme --graph @triage.json --json',
  ]
  static override jsonDoc = {
    valid: 'true when nothing is wrong',
    problems: { '[]': { pointer: 'place in the graph', code: 'kind of problem', message: 'what is wrong' } },
    step_bound: 'most steps a run can take, or null',
    depth: 'how deep its sub-workflows go, or null',
  }

  async run(): Promise<WorkflowVerdict> {
    const { args, flags } = await this.parse(WorkflowsValidate)
    const graph = await readJsonInput('graph', flags.graph)
    const verdict = await validateWorkflow(await this.tenantApi(flags.tenant), args.workflow, graph)
    if (!verdict.valid) process.exitCode = EXIT.failed
    return this.show(verdict, verdictView)
  }
}
