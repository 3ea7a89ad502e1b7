import { requiredArg, tenantFlag } from '../../base/flags.js'
import { TenantCommand } from '../../base/tenant-command.js'
import { removeSecret } from '../../operations/workflows.js'
import { doneView } from '../../views/done-view.js'

type Removed = Awaited<ReturnType<typeof removeSecret>>

export default class WorkflowsForgetSecret extends TenantCommand {
  static override summary = 'delete a secret of workflows'
  static override description = 'Steps that refer to it fail from now on.'
  static override args = { name: requiredArg('its name') }
  static override flags = { tenant: tenantFlag }
  static override examples = ['<%= config.bin %> <%= command.id %> CRM_KEY --tenant acme']
  static override jsonDoc = { name: 'its name', deleted: 'true' }

  async run(): Promise<Removed> {
    const { args, flags } = await this.parse(WorkflowsForgetSecret)
    return this.show(
      await removeSecret(await this.tenantApi(flags.tenant), args.name),
      doneView(({ name }) => `Deleted the secret ${name}.`),
    )
  }
}
