/** What the keys of all objects of a tenant begin with. An object under another key belongs to the installation. */
export function tenantPrefix(tenantId: string): string {
  return `tenants/${tenantId}/`
}
