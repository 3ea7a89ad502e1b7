import type { Ctx } from '../../../kernel/context.js'
import { can, defineRoute, open, unaudited } from '../../../kernel/define-route.js'
import { kernelErrors } from '../../../kernel/errors.js'
import { listOf, noContent } from '../../../kernel/schema.js'
import { tenancyErrors } from '../errors.js'
import type { Invitation } from '../models/invitation.js'
import { acceptAsCaller, lookUpInvitation } from '../operations/accept-invitation.js'
import {
  createInvitation,
  listInvitations,
  readInvitation,
  resendInvitation,
  revokeInvitation,
} from '../operations/manage-invitations.js'
import { presentAccepted, presentGlance, presentInvitation } from '../present.js'
import {
  acceptedView,
  createInvitationBody,
  invitationGlanceView,
  invitationParams,
  invitationTokenBody,
  invitationView,
  listInvitationsQuery,
} from '../schemas.js'

const present = (ctx: Ctx, invitation: Invitation) => presentInvitation(invitation, ctx.now())
const TOKEN_ERRORS = [
  ...[tenancyErrors.InvitationUnknown, tenancyErrors.InvitationUsed, tenancyErrors.InvitationEnded],
  kernelErrors.TenantSuspended,
]

const createInvitationRoute = defineRoute({
  id: 'createInvitation',
  method: 'post',
  path: '/invitations',
  summary: 'Invite somebody',
  description:
    'Sends a link that works once, for seven days, for the account of this address only. Inviting an address again replaces its open invitation.',
  access: can('tenancy.invitations.manage'),
  limit: 'write',
  audit: { action: 'invitation.created', target: 'result.id' },
  input: { body: createInvitationBody },
  output: invitationView,
  status: 201,
  location: ({ id }) => `/tenancy/v1/invitations/${id}`,
  errors: [
    ...[tenancyErrors.AlreadyMember, tenancyErrors.TooManyInvitations, tenancyErrors.MailedTooOften],
    tenancyErrors.WholeCredentialNeeded,
  ],
  handler: async (ctx, { body }) => present(ctx, await createInvitation(ctx, body)),
})

const listInvitationsRoute = defineRoute({
  id: 'listInvitations',
  method: 'get',
  path: '/invitations',
  summary: 'List invitations',
  access: can('tenancy.invitations.read'),
  limit: 'read',
  audit: unaudited('reading changes nothing'),
  input: { query: listInvitationsQuery },
  output: listOf(invitationView),
  handler: (ctx, { query }) => listInvitations(ctx, query),
})

const getInvitationRoute = defineRoute({
  id: 'getInvitation',
  method: 'get',
  path: '/invitations/:invitationId',
  summary: 'Read an invitation',
  access: can('tenancy.invitations.read'),
  limit: 'read',
  audit: unaudited('reading changes nothing'),
  input: { params: invitationParams },
  output: invitationView,
  etag: true,
  errors: [kernelErrors.NotFound],
  handler: async (ctx, { params }) => present(ctx, await readInvitation(ctx, params.invitationId)),
})

const revokeInvitationRoute = defineRoute({
  id: 'revokeInvitation',
  method: 'delete',
  path: '/invitations/:invitationId',
  summary: 'Take an invitation back',
  access: can('tenancy.invitations.manage'),
  limit: 'write',
  audit: { action: 'invitation.revoked', target: 'params.invitationId' },
  input: { params: invitationParams },
  output: noContent,
  status: 204,
  errors: [kernelErrors.NotFound, tenancyErrors.InvitationUsed],
  handler: (ctx, { params }) => revokeInvitation(ctx, params.invitationId).then(() => undefined),
})

const resendInvitationRoute = defineRoute({
  id: 'resendInvitation',
  method: 'post',
  path: '/invitations/:invitationId/resend',
  summary: 'Send an invitation again',
  description: 'A new link, good for seven more days; links of earlier mails stop working.',
  access: can('tenancy.invitations.manage'),
  limit: 'write',
  audit: { action: 'invitation.resent', target: 'params.invitationId' },
  input: { params: invitationParams },
  output: invitationView,
  errors: [
    kernelErrors.NotFound,
    tenancyErrors.InvitationUsed,
    tenancyErrors.InvitationEnded,
    tenancyErrors.MailedTooOften,
  ],
  handler: async (ctx, { params }) => present(ctx, await resendInvitation(ctx, params.invitationId)),
})

const acceptInvitationRoute = defineRoute({
  id: 'acceptInvitation',
  method: 'post',
  path: '/invitations/accept',
  summary: 'Accept an invitation',
  description: 'For the signed-in account of the invited address, which must be verified. Works once.',
  access: can('tenancy.own.join'),
  limit: 'write',
  audit: { action: 'invitation.accepted', target: 'result.invitation_id' },
  input: { body: invitationTokenBody },
  output: acceptedView,
  transaction: 'system',
  errors: [
    ...TOKEN_ERRORS,
    tenancyErrors.InvitationForOther,
    tenancyErrors.EmailNotVerified,
    tenancyErrors.SeatsUsed,
  ],
  handler: async (ctx, { body }) => presentAccepted(await acceptAsCaller(ctx, body.token)),
})

const lookUpInvitationRoute = defineRoute({
  id: 'lookUpInvitation',
  method: 'post',
  path: '/invitations/lookup',
  summary: 'Look at an invitation before accepting it',
  description: 'What the page behind the link shows before somebody signs in or signs up.',
  access: open('whoever has the mail may see what it invites to before they have an account'),
  limit: 'auth',
  audit: unaudited('reading changes nothing'),
  input: { body: invitationTokenBody },
  output: invitationGlanceView,
  transaction: 'system',
  errors: TOKEN_ERRORS,
  handler: async (ctx, { body }) => presentGlance(await lookUpInvitation(ctx, body.token)),
})

/** Inviting people, and joining. */
export const invitationRoutes = [
  createInvitationRoute,
  listInvitationsRoute,
  getInvitationRoute,
  revokeInvitationRoute,
  resendInvitationRoute,
  acceptInvitationRoute,
  lookUpInvitationRoute,
]
