import { confirmByName } from '../../base/confirm.js'
import { confirmFlag, requiredArg, tenantFlag } from '../../base/flags.js'
import { TenantCommand } from '../../base/tenant-command.js'
import { deleteSubscriber, findSubscriber } from '../../operations/notifications.js'
import { doneView } from '../../views/done-view.js'

type Deleted = Awaited<ReturnType<typeof deleteSubscriber>>

export default class SubscribersDelete extends TenantCommand {
  static override summary = 'delete a subscriber'
  static override description =
    'With inbox, preferences and topics. What waits for them is taken back, and their tokens end.'
  static override args = { subscriber: requiredArg("the tenant's own id of the end user, or ours") }
  static override flags = { tenant: tenantFlag, confirm: confirmFlag('the id') }
  static override examples = [
    '<%= config.bin %> <%= command.id %> customer-42 --tenant acme --confirm customer-42',
    '<%= config.bin %> <%= command.id %> customer-42 --tenant acme --confirm customer-42 --json',
  ]
  static override jsonDoc = {
    id: 'id of the subscriber',
    external_id: "the tenant's own id",
    deleted: 'true',
  }

  async run(): Promise<Deleted> {
    const { args, flags } = await this.parse(SubscribersDelete)
    const api = await this.tenantApi(flags.tenant)
    const subscriber = await findSubscriber(api, args.subscriber)
    const name = subscriber.external_id
    const consequence = 'deletes the subscriber with inbox and preferences'
    await confirmByName({ name, consequence, given: flags.confirm })
    return this.show(
      await deleteSubscriber(api, subscriber),
      doneView(({ external_id }) => `Deleted the subscriber ${external_id}.`),
    )
  }
}
