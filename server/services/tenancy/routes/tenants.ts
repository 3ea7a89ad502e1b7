import { can, defineRoute, signedIn, unaudited } from '../../../kernel/define-route.js'
import { kernelErrors } from '../../../kernel/errors.js'
import { listOf, noContent } from '../../../kernel/schema.js'
import { tenancyErrors } from '../errors.js'
import { deleteTenant } from '../operations/delete-tenant.js'
import { listTenants } from '../operations/list-tenants.js'
import { openTenant } from '../operations/open-tenant.js'
import { readTenant } from '../operations/read-tenant.js'
import { resumeTenant, suspendTenant } from '../operations/suspend-tenant.js'
import { updateTenant } from '../operations/update-tenant.js'
import { presentTenant } from '../present.js'
import {
  createTenantBody,
  deleteTenantQuery,
  listTenantsQuery,
  suspendBody,
  tenantParams,
  tenantView,
  updateTenantBody,
} from '../schemas.js'

const PER_TENANT = 'which permission is needed depends on whose tenant it is; the operation judges it'
const JUDGED = [kernelErrors.NotFound, kernelErrors.Forbidden, kernelErrors.TenantSuspended]

const createTenantRoute = defineRoute({
  id: 'createTenant',
  method: 'post',
  path: '/tenants',
  summary: 'Create a tenant',
  description:
    'Operators create tenants for anybody. Where self-service is on, other people create their own and become its org_admin; POST /auth/v1/switch then works in it.',
  access: can('tenancy.own.create'),
  limit: 'write',
  audit: { action: 'tenant.created', target: 'result.id' },
  input: { body: createTenantBody },
  output: tenantView,
  status: 201,
  location: ({ id }) => `/tenancy/v1/tenants/${id}`,
  transaction: 'system',
  errors: [
    ...[tenancyErrors.SlugTaken, tenancyErrors.SelfServiceClosed, tenancyErrors.OperatorsOnly],
    ...[tenancyErrors.TooManyTenants, tenancyErrors.OwnerUnknown],
  ],
  handler: async (ctx, { body }) => presentTenant(await openTenant(ctx, body)),
})

const listTenantsRoute = defineRoute({
  id: 'listTenants',
  method: 'get',
  path: '/tenants',
  summary: 'List tenants',
  description: 'Staff of the installation see all, everybody else the tenants they belong to.',
  access: can('tenancy.own.list'),
  limit: 'read',
  audit: unaudited('reading changes nothing'),
  input: { query: listTenantsQuery },
  output: listOf(tenantView),
  transaction: 'system',
  handler: (ctx, { query }) => listTenants(ctx, query),
})

const getTenantRoute = defineRoute({
  id: 'getTenant',
  method: 'get',
  path: '/tenants/:tenantId',
  summary: 'Read a tenant',
  access: signedIn(PER_TENANT),
  limit: 'read',
  audit: unaudited('reading changes nothing'),
  input: { params: tenantParams },
  output: tenantView,
  transaction: 'manual',
  etag: true,
  errors: JUDGED,
  handler: async (ctx, { params }) => presentTenant(await readTenant(ctx, params.tenantId)),
})

const updateTenantRoute = defineRoute({
  id: 'updateTenant',
  method: 'patch',
  path: '/tenants/:tenantId',
  summary: 'Change a tenant',
  access: signedIn(PER_TENANT),
  limit: 'write',
  audit: { action: 'tenant.updated', target: 'result.id', refusals: true },
  input: { params: tenantParams, body: updateTenantBody },
  output: tenantView,
  transaction: 'system',
  errors: [
    kernelErrors.NotFound,
    tenancyErrors.SlugTaken,
    tenancyErrors.OperatorsOnly,
    tenancyErrors.BeingDeleted,
  ],
  handler: async (ctx, { params, body }) => presentTenant(await updateTenant(ctx, params.tenantId, body)),
})

const deleteTenantRoute = defineRoute({
  id: 'deleteTenant',
  method: 'delete',
  path: '/tenants/:tenantId',
  summary: 'Delete a tenant',
  description:
    'The tenant is shut at once; its data is removed after a grace period, until which an operator can resume it. The audit log is kept.',
  access: signedIn(PER_TENANT),
  limit: 'write',
  audit: { action: 'tenant.deleted', target: 'params.tenantId', refusals: true },
  input: { params: tenantParams, query: deleteTenantQuery },
  output: noContent,
  status: 204,
  transaction: 'system',
  errors: JUDGED,
  handler: (ctx, { params, query }) =>
    deleteTenant(ctx, params.tenantId, { now: query.purge === 'now' }).then(() => undefined),
})

const suspendTenantRoute = defineRoute({
  id: 'suspendTenant',
  method: 'post',
  path: '/tenants/:tenantId/suspend',
  summary: 'Suspend a tenant',
  description: 'Its people and keys are refused in every process within a second. Its data stays.',
  access: can('tenancy.tenants.administer'),
  limit: 'write',
  audit: { action: 'tenant.suspended', target: 'result.id' },
  input: { params: tenantParams, body: suspendBody },
  output: tenantView,
  transaction: 'system',
  errors: [kernelErrors.NotFound, tenancyErrors.BeingDeleted],
  handler: async (ctx, { params, body }) =>
    presentTenant(await suspendTenant(ctx, params.tenantId, body?.reason)),
})

const resumeTenantRoute = defineRoute({
  id: 'resumeTenant',
  method: 'post',
  path: '/tenants/:tenantId/resume',
  summary: 'Resume a tenant',
  description: 'Ends a suspension, or takes a deletion back as long as its grace has not passed.',
  access: can('tenancy.tenants.administer'),
  limit: 'write',
  audit: { action: 'tenant.resumed', target: 'result.id' },
  input: { params: tenantParams },
  output: tenantView,
  transaction: 'system',
  errors: [kernelErrors.NotFound, tenancyErrors.GraceOver],
  handler: async (ctx, { params }) => presentTenant(await resumeTenant(ctx, params.tenantId)),
})

/** Organisations. */
export const tenantRoutes = [
  createTenantRoute,
  listTenantsRoute,
  getTenantRoute,
  updateTenantRoute,
  deleteTenantRoute,
  suspendTenantRoute,
  resumeTenantRoute,
]
