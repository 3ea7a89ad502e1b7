import { defineErrors } from '../../kernel/define-errors.js'

/** Errors of the tenancy service. */
export const tenancyErrors = defineErrors('tenancy', {
  slugTaken: {
    status: 409,
    message: (d: { slug: string }) => `The slug "${d.slug}" is taken.`,
    next: 'Choose another slug.',
  },
  selfServiceClosed: {
    status: 403,
    message: 'Organisations are made by the operator here.',
    next: 'Ask the operator of this installation for an organisation.',
  },
  operatorsOnly: {
    status: 403,
    message: (d: { field: string }) => `Only an operator may set "${d.field}".`,
    next: 'Leave the field out, or ask the operator of this installation.',
  },
  tooManyTenants: {
    status: 409,
    message: (d: { limit: number }) =>
      `One person may administer at most ${d.limit} organisations made by themselves.`,
    next: 'Delete an organisation you no longer use, or ask the operator.',
  },
  ownerUnknown: {
    status: 422,
    message: 'There is no active account with the id in "owner_user_id".',
    next: 'Create the account first, or leave the field out and add members later.',
  },
  beingDeleted: {
    status: 409,
    message: 'This organisation is being deleted.',
    next: 'Take the deletion back with POST /tenancy/v1/tenants/{id}/resume before its data is purged.',
  },
  graceOver: {
    status: 409,
    message: 'The grace of this deletion has passed, and the data is being removed.',
    next: 'Create a new organisation; what is gone can only come from a backup.',
  },
  lastAdmin: {
    status: 409,
    message: 'An organisation keeps at least one org_admin.',
    next: 'Make another member org_admin first.',
  },
  alreadyMember: {
    status: 409,
    message: 'This person is a member of the organisation already.',
    next: 'Change the role with PATCH /tenancy/v1/members/{user_id}.',
  },
  wholeCredentialNeeded: {
    status: 403,
    message:
      'A credential narrowed by scopes cannot give or take the role org_admin, nor change the account of who has it.',
    next: 'Sign in as an administrator and do it without an API key or a narrowed token.',
  },
  seatsUsed: {
    status: 409,
    message: (d: { limit: number }) => `All ${d.limit} seats of the organisation are taken.`,
    next: 'Remove a member, or ask the operator for more seats.',
  },
  tooManyInvitations: {
    status: 409,
    message: (d: { limit: number }) => `An organisation may send at most ${d.limit} invitations a day.`,
    next: 'Revoke invitations nobody needs, or go on tomorrow.',
  },
  mailedTooOften: {
    status: 409,
    message: (d: { limit: number }) =>
      `At most ${d.limit} mails go to one address for invitations of an organisation.`,
    next: 'Ask the person to look through their mail, or invite another address.',
  },
  invitationUnknown: {
    status: 404,
    message: 'There is no invitation with this token.',
    next: 'Use the link of the newest mail; older mails of the same invitation do not work any more.',
  },
  invitationEnded: {
    status: 410,
    message: (d: { state: 'expired' | 'revoked' }) => `The invitation is ${d.state}.`,
    next: 'Ask an administrator of the organisation for a new one.',
  },
  invitationUsed: {
    status: 409,
    message: 'The invitation was accepted before; it works once.',
    next: 'Sign in and choose the organisation with POST /auth/v1/switch.',
  },
  invitationForOther: {
    status: 403,
    message: 'The invitation is for another e-mail address.',
    next: 'Sign in with the account of the address the invitation was sent to.',
  },
  emailNotVerified: {
    status: 403,
    message: 'Your e-mail address is not verified.',
    next: 'Verify it with POST /auth/v1/email/verify, then accept the invitation again.',
  },
  settingsTooLarge: {
    status: 422,
    message: (d: { limit: number }) => `Settings may take at most ${d.limit} bytes as JSON.`,
    next: 'Remove settings nobody needs: a member set to null is removed.',
  },
  quotaUnknown: {
    status: 404,
    message: 'The organisation has no quota of this name.',
    next: 'An operator sets quotas with PUT /tenancy/v1/quotas/{resource}.',
  },
  quotaCounted: {
    status: 409,
    message: (d: { resource: string }) => `The use of "${d.resource}" is counted, not reserved.`,
    next: 'Add or remove what it counts.',
  },
  quotaExceeded: {
    status: 409,
    message: (d: { resource: string; remaining: number }) =>
      `The quota "${d.resource}" has ${d.remaining} left, which is not enough.`,
    next: 'Use less, wait for the next period, or ask the operator for a higher limit.',
    members: (d: { resource: string; remaining: number }) => ({
      resource: d.resource,
      remaining: d.remaining,
    }),
  },
  reservationEnded: {
    status: 409,
    message: (d: { state: string }) => `The reservation is ${d.state}.`,
    next: 'Reserve again.',
  },
  amountTooHigh: {
    status: 422,
    message: (d: { amount: number }) => `At most ${d.amount} can be settled here.`,
    next: 'Commit no more than was reserved, and give back no more than was used.',
  },
})
