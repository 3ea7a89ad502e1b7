import type { Ctx } from '../../../../kernel/context.js'
import type { WebhookEndpoint } from '../models/webhook-endpoint.js'

/** Custom headers as they are stored: names to show, and all of it sealed for this endpoint. */
export function sealHeaders(ctx: Ctx, endpointId: string, headers: Record<string, string>) {
  const headerNames = Object.keys(headers).sort()
  const headersSealed =
    headerNames.length > 0 ? ctx.secrets.seal(JSON.stringify(headers), sealContext(ctx, endpointId)) : null
  return { headerNames, headersSealed }
}

/** The custom headers of an endpoint, with their values. */
export function openHeaders(
  ctx: Ctx,
  { id, headersSealed }: Pick<WebhookEndpoint, 'id' | 'headersSealed'>,
): Record<string, string> {
  if (!headersSealed) return {}
  return JSON.parse(ctx.secrets.unseal(headersSealed, sealContext(ctx, id)).toString()) as Record<
    string,
    string
  >
}

function sealContext(ctx: Ctx, endpointId: string): string {
  return `webhook-headers:${ctx.tenant.id}:${endpointId}`
}
