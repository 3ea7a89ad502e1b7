import { defineEvents } from '../../kernel/events.js'
import type { MembershipRole } from '../../kernel/principal.js'

/** What the tenancy service tells others; payloads hold ids and words, never secrets. */
declare module '../../kernel/events.js' {
  interface Events {
    'tenancy.tenant.created': { tenantId: string; slug: string; ownerUserId: string | null }
    'tenancy.tenant.updated': { tenantId: string; fields: string[] }
    'tenancy.tenant.suspended': { tenantId: string }
    'tenancy.tenant.resumed': { tenantId: string }
    /** Shut at once; its data goes after `purgeAfter` (RFC 3339) unless it is resumed before. */
    'tenancy.tenant.deleted': { tenantId: string; purgeAfter: string; userId: string | null }
    /** Every row of every tenant table is gone; what else a service keeps of the tenant must go now. */
    'tenancy.tenant.purged': { tenantId: string; slug: string }
    'tenancy.member.added': { tenantId: string; userId: string; role: MembershipRole }
    'tenancy.member.role_changed': {
      tenantId: string
      userId: string
      from: MembershipRole
      to: MembershipRole
    }
    'tenancy.member.removed': { tenantId: string; userId: string; role: MembershipRole }
    'tenancy.invitation.created': { invitationId: string }
    'tenancy.invitation.resent': { invitationId: string }
    'tenancy.invitation.accepted': { invitationId: string; userId: string }
    'tenancy.invitation.revoked': { invitationId: string }
    /** Use of a quota has just reached this share of its limit. */
    'tenancy.quota.near': {
      resource: string
      percent: number
      used: number
      limit: number
      resetsAt: string | null
    }
  }
}

const tenantId = '01990f6e-5f0e-7000-8000-000000000001'
const userId = '01990f6e-5f0e-7000-8000-000000000002'
const invitationId = '01990f6e-5f0e-7000-8000-000000000003'

export const tenancyEvents = defineEvents('tenancy', {
  'tenancy.tenant.created': {
    about: 'The organisation was made.',
    example: { tenantId, slug: 'acme', ownerUserId: userId },
  },
  'tenancy.tenant.updated': {
    about: 'The organisation was renamed or its settings changed.',
    example: { tenantId, fields: ['name'] },
  },
  'tenancy.tenant.suspended': { about: 'The organisation was suspended.', example: { tenantId } },
  'tenancy.tenant.resumed': { about: 'The organisation was let back in.', example: { tenantId } },
  'tenancy.tenant.deleted': {
    about: 'The organisation was marked for deletion and shut.',
    example: { tenantId, purgeAfter: '2026-12-09T12:00:00.000Z', userId },
  },
  'tenancy.tenant.purged': {
    about: 'The data of the organisation is gone.',
    example: { tenantId, slug: 'acme' },
    internal: 'nothing of the organisation is left that could be told',
  },
  'tenancy.member.added': { about: 'Somebody joined.', example: { tenantId, userId, role: 'user' } },
  'tenancy.member.role_changed': {
    about: 'A member got another role.',
    example: { tenantId, userId, from: 'user', to: 'org_admin' },
  },
  'tenancy.member.removed': {
    about: 'A member left or was removed.',
    example: { tenantId, userId, role: 'user' },
  },
  'tenancy.invitation.created': { about: 'Somebody was invited.', example: { invitationId } },
  'tenancy.invitation.resent': { about: 'An invitation was sent again.', example: { invitationId } },
  'tenancy.invitation.accepted': {
    about: 'An invitation was accepted.',
    example: { invitationId, userId },
  },
  'tenancy.invitation.revoked': { about: 'An invitation was taken back.', example: { invitationId } },
  'tenancy.quota.near': {
    about: 'A quota is used to 80 or to 100 percent.',
    example: {
      resource: 'documents',
      percent: 80,
      used: 800,
      limit: 1_000,
      resetsAt: '2026-12-01T00:00:00.000Z',
    },
  },
})
