import type { Tenant } from '../clients/resources.js'
import { fields } from './fields.js'
import { time } from './format.js'
import { pageView } from './page-view.js'
import type { View } from './view.js'

/** Tenants as a table. */
export const tenantsView = pageView<Tenant>(
  [
    { heading: 'SLUG', cell: ({ slug }) => slug },
    { heading: 'NAME', cell: ({ name }) => name },
    { heading: 'STATUS', cell: ({ status }) => status },
    { heading: 'PLAN', cell: ({ plan }) => plan },
    { heading: 'CREATED', cell: ({ created_at }) => time(created_at) },
    { heading: 'ID', cell: ({ id }) => id },
  ],
  'There is no tenant yet. Create one: vetrai tenants create SLUG',
)

/** One tenant. */
export const tenantView: View<Tenant> = (tenant, paint) =>
  fields(
    [
      ['slug', paint.bold(tenant.slug)],
      ['name', tenant.name],
      ['status', tenant.status === 'active' ? paint.green(tenant.status) : paint.yellow(tenant.status)],
      ['plan', tenant.plan],
      ['created', time(tenant.created_at)],
      ['id', tenant.id],
    ],
    paint,
  )
