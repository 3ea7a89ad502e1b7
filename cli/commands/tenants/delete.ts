import * as Flags from '@oclif/core/flags'
import { ApiCommand } from '../../base/api-command.js'
import { confirmByName } from '../../base/confirm.js'
import { confirmFlag, requiredArg } from '../../base/flags.js'
import { deleteTenant, getTenant } from '../../operations/tenants.js'
import { doneView } from '../../views/done-view.js'

type Deleted = Awaited<ReturnType<typeof deleteTenant>>

export default class TenantsDelete extends ApiCommand {
  static override summary = 'delete a tenant with all its data'
  static override description =
    'The tenant is shut out at once and purged after the grace period; until then `tenants resume` takes it back. With --purge it is gone now and for good.'
  static override args = { tenant: requiredArg('slug or id') }
  static override flags = {
    confirm: confirmFlag('the slug'),
    purge: Flags.boolean({ description: 'purge now, without a grace period', env: 'VETRAI_PURGE' }),
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %> acme --confirm acme',
    '<%= config.bin %> <%= command.id %> acme --confirm acme --purge --json',
  ]
  static override jsonDoc = {
    id: 'id of the tenant',
    slug: 'its slug',
    deleted: 'true',
    purged: 'true when it is gone for good',
  }

  async run(): Promise<Deleted> {
    const { args, flags } = await this.parse(TenantsDelete)
    const api = await this.api()
    const tenant = await getTenant(api, args.tenant)
    const consequence = `deletes the tenant ${tenant.name} with all its data`
    await confirmByName({ name: tenant.slug, consequence, given: flags.confirm })
    return this.show(
      await deleteTenant(api, tenant, flags.purge),
      doneView(({ slug, purged }) =>
        purged ? `Purged ${slug}.` : `Deleted ${slug}. Take it back with \`vetrai tenants resume ${slug}\`.`,
      ),
    )
  }
}
