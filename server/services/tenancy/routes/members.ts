import { can, defineRoute, unaudited } from '../../../kernel/define-route.js'
import { kernelErrors } from '../../../kernel/errors.js'
import { listOf, noContent } from '../../../kernel/schema.js'
import { tenancyErrors } from '../errors.js'
import {
  changeRole,
  endMembership,
  leaveTenant,
  listMembers,
  readMember,
} from '../operations/manage-members.js'
import { presentMember } from '../present.js'
import { listMembersQuery, memberParams, memberView, updateMemberBody } from '../schemas.js'

const listMembersRoute = defineRoute({
  id: 'listMembers',
  method: 'get',
  path: '/members',
  summary: 'List members',
  access: can('tenancy.members.read'),
  limit: 'read',
  audit: unaudited('reading changes nothing'),
  input: { query: listMembersQuery },
  output: listOf(memberView),
  handler: (ctx, { query }) => listMembers(ctx, query),
})

const getMemberRoute = defineRoute({
  id: 'getMember',
  method: 'get',
  path: '/members/:userId',
  summary: 'Read a member',
  access: can('tenancy.members.read'),
  limit: 'read',
  audit: unaudited('reading changes nothing'),
  input: { params: memberParams },
  output: memberView,
  etag: true,
  errors: [kernelErrors.NotFound],
  handler: async (ctx, { params }) => presentMember(await readMember(ctx, params.userId)),
})

const updateMemberRoute = defineRoute({
  id: 'updateMember',
  method: 'patch',
  path: '/members/:userId',
  summary: 'Change the role of a member',
  access: can('tenancy.members.manage'),
  limit: 'write',
  audit: { action: 'member.role_changed', target: 'params.userId' },
  input: { params: memberParams, body: updateMemberBody },
  output: memberView,
  errors: [kernelErrors.NotFound, tenancyErrors.LastAdmin, tenancyErrors.WholeCredentialNeeded],
  handler: async (ctx, { params, body }) => presentMember(await changeRole(ctx, params.userId, body.role)),
})

const removeMemberRoute = defineRoute({
  id: 'removeMember',
  method: 'delete',
  path: '/members/:userId',
  summary: 'Remove a member',
  description: 'The account stays; it loses this tenant, in every process within a second.',
  access: can('tenancy.members.manage'),
  limit: 'write',
  audit: { action: 'member.removed', target: 'params.userId' },
  input: { params: memberParams },
  output: noContent,
  status: 204,
  errors: [kernelErrors.NotFound, tenancyErrors.LastAdmin, tenancyErrors.WholeCredentialNeeded],
  handler: (ctx, { params }) => endMembership(ctx, params.userId).then(() => undefined),
})

const leaveRoute = defineRoute({
  id: 'leaveTenant',
  method: 'post',
  path: '/members/leave',
  summary: 'Leave the tenant',
  description: 'Ends your own membership in the tenant you work in.',
  access: can('tenancy.own.leave'),
  limit: 'write',
  audit: { action: 'member.left', target: 'principal' },
  input: {},
  output: noContent,
  status: 204,
  errors: [kernelErrors.NotFound, tenancyErrors.LastAdmin],
  handler: (ctx) => leaveTenant(ctx).then(() => undefined),
})

/** Who belongs to the organisation. */
export const memberRoutes = [
  listMembersRoute,
  getMemberRoute,
  updateMemberRoute,
  removeMemberRoute,
  leaveRoute,
]
