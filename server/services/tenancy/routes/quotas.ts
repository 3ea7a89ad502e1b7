import type { Ctx } from '../../../kernel/context.js'
import { can, defineRoute, unaudited } from '../../../kernel/define-route.js'
import { kernelErrors } from '../../../kernel/errors.js'
import { listOf, noContent } from '../../../kernel/schema.js'
import { tenancyErrors } from '../errors.js'
import type { Quota } from '../models/quota.js'
import { listQuotas, quotaRef, readQuota, removeQuota, setQuota } from '../operations/manage-quotas.js'
import {
  commitReservation,
  consumeQuota,
  readReservation,
  releaseReservation,
  reserveQuota,
  returnQuota,
} from '../operations/use-quota.js'
import { presentQuota, presentReservation } from '../present.js'
import {
  type CommitBody,
  commitBody,
  listQuotasQuery,
  quotaParams,
  quotaView,
  type ReleaseBody,
  releaseBody,
  reservationParams,
  reservationView,
  reserveBody,
  setQuotaBody,
} from '../schemas.js'

const READING = unaudited('reading changes nothing')
const LEDGER = unaudited('the ledger is its own record, and busy tenants write it many times a second')

const listQuotasRoute = defineRoute({
  id: 'listQuotas',
  method: 'get',
  path: '/quotas',
  summary: 'List quotas and their use',
  access: can('tenancy.quotas.read'),
  limit: 'read',
  audit: READING,
  input: { query: listQuotasQuery },
  output: listOf(quotaView),
  handler: (ctx, { query }) => listQuotas(ctx, query),
})

const getQuotaRoute = defineRoute({
  id: 'getQuota',
  method: 'get',
  path: '/quotas/:resource',
  summary: 'Read a quota and its use',
  access: can('tenancy.quotas.read'),
  limit: 'read',
  audit: READING,
  input: { params: quotaParams },
  output: quotaView,
  etag: true,
  errors: [tenancyErrors.QuotaUnknown],
  handler: async (ctx, { params }) => presentQuota(await readQuota(ctx, params.resource)),
})

const setQuotaRoute = defineRoute({
  id: 'setQuota',
  method: 'put',
  path: '/quotas/:resource',
  summary: 'Set a quota',
  description:
    'Operators only; X-Tenant names the tenant. `seats` bounds its members. Everything else is used through reserve, commit and release.',
  access: can('tenancy.quotas.manage'),
  limit: 'write',
  audit: { action: 'quota.set', target: 'params.resource' },
  input: { params: quotaParams, body: setQuotaBody },
  output: quotaView,
  handler: async (ctx, { params, body }) => presentQuota(await setQuota(ctx, params.resource, body)),
})

const deleteQuotaRoute = defineRoute({
  id: 'deleteQuota',
  method: 'delete',
  path: '/quotas/:resource',
  summary: 'Remove a quota',
  access: can('tenancy.quotas.manage'),
  limit: 'write',
  audit: { action: 'quota.removed', target: 'params.resource' },
  input: { params: quotaParams },
  output: noContent,
  status: 204,
  errors: [tenancyErrors.QuotaUnknown],
  handler: (ctx, { params }) => removeQuota(ctx, params.resource).then(() => undefined),
})

const reserveRoute = defineRoute({
  id: 'reserveQuota',
  method: 'post',
  path: '/quotas/:resource/reserve',
  summary: 'Hold an amount of a quota back',
  description:
    'Exact however many call at once. It is given back after ttl_s unless it is committed or released before.',
  access: can('tenancy.quotas.use'),
  limit: 'verify',
  audit: LEDGER,
  input: { params: quotaParams, body: reserveBody },
  output: reservationView,
  status: 201,
  location: ({ id, resource }) => `/tenancy/v1/quotas/${resource}/reservations/${id}`,
  errors: [tenancyErrors.QuotaUnknown, tenancyErrors.QuotaExceeded, tenancyErrors.QuotaCounted],
  handler: async (ctx, { params: { resource }, body }) => {
    const { amount, ttl_s: ttlS, reference = null } = body
    const reservation = await reserveQuota(ctx, { ref: quotaRef(ctx, resource), amount, ttlS, reference })
    return presentReservation(reservation, resource)
  },
})

const getReservationRoute = defineRoute({
  id: 'getQuotaReservation',
  method: 'get',
  path: '/quotas/:resource/reservations/:reservationId',
  summary: 'Read a reservation',
  access: can('tenancy.quotas.read'),
  limit: 'read',
  audit: READING,
  input: { params: reservationParams },
  output: reservationView,
  errors: [tenancyErrors.QuotaUnknown, kernelErrors.NotFound],
  handler: async (ctx, { params: { resource, reservationId } }) =>
    presentReservation(await readReservation(ctx, quotaRef(ctx, resource), reservationId), resource),
})

const commitRoute = defineRoute({
  id: 'commitQuota',
  method: 'post',
  path: '/quotas/:resource/commit',
  summary: 'Count use of a quota',
  description:
    'With reservation_id: what was used of it, once; the rest is given back. Without: an amount used at once.',
  access: can('tenancy.quotas.use'),
  limit: 'verify',
  audit: LEDGER,
  input: { params: quotaParams, body: commitBody },
  output: quotaView,
  errors: [
    ...[
      tenancyErrors.QuotaUnknown,
      tenancyErrors.QuotaExceeded,
      tenancyErrors.QuotaCounted,
      kernelErrors.NotFound,
    ],
    ...[tenancyErrors.ReservationEnded, tenancyErrors.AmountTooHigh],
  ],
  handler: async (ctx, { params, body }) => presentQuota(await commit(ctx, params.resource, body)),
})

const releaseRoute = defineRoute({
  id: 'releaseQuota',
  method: 'post',
  path: '/quotas/:resource/release',
  summary: 'Give quota back',
  description:
    'With reservation_id: all it holds, once. Without: an amount that was used in the running period.',
  access: can('tenancy.quotas.use'),
  limit: 'verify',
  audit: LEDGER,
  input: { params: quotaParams, body: releaseBody },
  output: quotaView,
  errors: [
    ...[tenancyErrors.QuotaUnknown, tenancyErrors.QuotaCounted, kernelErrors.NotFound],
    ...[tenancyErrors.ReservationEnded, tenancyErrors.AmountTooHigh],
  ],
  handler: async (ctx, { params, body }) => presentQuota(await release(ctx, params.resource, body)),
})

function commit(
  ctx: Ctx,
  resource: string,
  { reservation_id: reservationId, amount }: CommitBody,
): Promise<Quota> {
  const ref = quotaRef(ctx, resource)
  if (reservationId !== undefined) return commitReservation(ctx, { ref, reservationId, amount })
  return consumeQuota(ctx, { ref, amount: amount ?? 0 })
}

function release(
  ctx: Ctx,
  resource: string,
  { reservation_id: reservationId, amount }: ReleaseBody,
): Promise<Quota> {
  const ref = quotaRef(ctx, resource)
  if (reservationId !== undefined) return releaseReservation(ctx, { ref, reservationId })
  return returnQuota(ctx, { ref, amount: amount ?? 0 })
}

/** How much the organisation may use of what, and the ledger of its use. */
export const quotaRoutes = [
  listQuotasRoute,
  getQuotaRoute,
  setQuotaRoute,
  deleteQuotaRoute,
  reserveRoute,
  getReservationRoute,
  commitRoute,
  releaseRoute,
]
