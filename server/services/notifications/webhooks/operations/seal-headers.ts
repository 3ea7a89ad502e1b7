import type { Ctx } from '../../../../kernel/context.js'
import { sealedColumn } from '../../../../kernel/sealed-column.js'
import type { WebhookEndpoint } from '../models/webhook-endpoint.js'

/** Where custom headers are sealed. */
export const sealedWebhookHeaders = sealedColumn({
  table: 'webhook_endpoints',
  column: 'headers_sealed',
  key: ['tenant_id', 'id'],
  context: (row) => sealContext(row.tenant_id, row.id),
})

/** Custom headers as they are stored: names to show, and all of it sealed for this endpoint. */
export function sealHeaders(ctx: Ctx, endpointId: string, headers: Record<string, string>) {
  const headerNames = Object.keys(headers).sort()
  const headersSealed =
    headerNames.length > 0
      ? ctx.secrets.seal(JSON.stringify(headers), sealContext(ctx.tenant.id, endpointId))
      : null
  return { headerNames, headersSealed }
}

/** The custom headers of an endpoint, with their values. */
export function openHeaders(
  ctx: Ctx,
  { id, headersSealed }: Pick<WebhookEndpoint, 'id' | 'headersSealed'>,
): Record<string, string> {
  if (!headersSealed) return {}
  return JSON.parse(ctx.secrets.unseal(headersSealed, sealContext(ctx.tenant.id, id)).toString()) as Record<
    string,
    string
  >
}

function sealContext(tenantId = '', endpointId = ''): string {
  return `webhook-headers:${tenantId}:${endpointId}`
}
