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
  }
}
