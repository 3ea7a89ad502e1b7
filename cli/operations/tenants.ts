import type { Api, Page } from '../clients/api.js'
import type { Tenant } from '../clients/resources.js'
import { collectPages, type PageRequest } from './collect-pages.js'

const TENANTS = '/tenancy/v1/tenants'
const pathOf = (tenant: string) => `${TENANTS}/${encodeURIComponent(tenant)}`

/** What may be said of a tenant; what is left out stays as it is, or gets the server's default. */
export interface TenantChange {
  slug?: string
  name?: string
  plan?: string
}

/** Which tenants to list. */
export interface TenantFilter {
  q?: string
  status?: string
}

/** The tenants of the deployment. */
export function listTenants(api: Api, page: PageRequest, filter: TenantFilter = {}): Promise<Page<Tenant>> {
  return collectPages<Tenant>(api, TENANTS, page, { ...filter })
}

/** Creates a tenant; its slug must be free. */
export function createTenant(api: Api, tenant: TenantChange & { slug: string }): Promise<Tenant> {
  return api.post<Tenant>(TENANTS, tenant)
}

/** One tenant by slug or id. */
export function getTenant(api: Api, tenant: string): Promise<Tenant> {
  return api.get<Tenant>(pathOf(tenant))
}

/** Changes what is given and nothing else. */
export function updateTenant(api: Api, tenant: string, change: TenantChange): Promise<Tenant> {
  return api.patch<Tenant>(pathOf(tenant), change)
}

/** Shuts a tenant out until it is resumed; its data stays. */
export function suspendTenant(api: Api, tenant: string, why: { reason?: string } = {}): Promise<Tenant> {
  return api.post<Tenant>(`${pathOf(tenant)}/suspend`, why)
}

/** Lets a suspended or deleted tenant back in, as long as it is not purged. */
export function resumeTenant(api: Api, tenant: string): Promise<Tenant> {
  return api.post<Tenant>(`${pathOf(tenant)}/resume`)
}

/** Deletes a tenant: after the grace period, or with `purge` now and for good. */
export async function deleteTenant(
  api: Api,
  tenant: Tenant,
  purge: boolean,
): Promise<{ id: string; slug: string; deleted: true; purged: boolean }> {
  await api.delete(pathOf(tenant.id), purge ? { purge: 'now' } : {})
  return { id: tenant.id, slug: tenant.slug, deleted: true, purged: purge }
}
