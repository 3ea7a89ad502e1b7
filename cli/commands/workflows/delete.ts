import { confirmByName } from '../../base/confirm.js'
import { confirmFlag, tenantFlag } from '../../base/flags.js'
import { TenantCommand } from '../../base/tenant-command.js'
import { workflowArg } from '../../base/workflow-flags.js'
import { deleteWorkflow, findWorkflow } from '../../operations/workflows.js'
import { doneView } from '../../views/done-view.js'

type Deleted = Awaited<ReturnType<typeof deleteWorkflow>>

export default class WorkflowsDelete extends TenantCommand {
  static override summary = 'delete a workflow and its versions'
  static override description = 'Its runs stay readable. While one of them is under way, nothing is deleted.'
  static override args = { workflow: workflowArg }
  static override flags = { tenant: tenantFlag, confirm: confirmFlag('the name') }
  static override examples = ['<%= config.bin %> <%= command.id %> triage --tenant acme --confirm triage']
  static override jsonDoc = { id: 'id of the workflow', name: 'its name', deleted: 'true' }

  async run(): Promise<Deleted> {
    const { args, flags } = await this.parse(WorkflowsDelete)
    const api = await this.tenantApi(flags.tenant)
    const workflow = await findWorkflow(api, args.workflow)
    const consequence = 'removes the workflow with all its versions'
    await confirmByName({ name: workflow.name, consequence, given: flags.confirm })
    return this.show(
      await deleteWorkflow(api, workflow),
      doneView(({ name }) => `Deleted the workflow ${name}.`),
    )
  }
}
