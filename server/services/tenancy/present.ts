import type { AuditEntry } from './models/audit-log.js'
import { type Invitation, stateOfInvitation } from './models/invitation.js'
import type { Membership } from './models/membership.js'
import type { Quota, Reservation } from './models/quota.js'
import type { Tenant } from './models/tenant.js'
import type { AcceptedInvitation } from './operations/accept-invitation.js'

/** A tenant as it leaves. */
export function presentTenant(tenant: Tenant) {
  return {
    id: tenant.id,
    slug: tenant.slug,
    name: tenant.name,
    status: tenant.status,
    plan: tenant.plan,
    settings: tenant.settings,
    created_at: tenant.createdAt.toISOString(),
    updated_at: tenant.updatedAt.toISOString(),
    suspended_at: iso(tenant.suspendedAt),
    suspended_reason: tenant.suspendedReason,
    delete_requested_at: iso(tenant.deleteRequestedAt),
    purge_after: iso(tenant.purgeAfter),
  }
}

/** A member as it leaves. */
export function presentMember(member: Membership) {
  return {
    user_id: member.userId,
    email: member.email,
    name: member.name,
    role: member.role,
    user_status: member.userStatus,
    created_at: member.createdAt.toISOString(),
    updated_at: member.updatedAt.toISOString(),
  }
}

/** An invitation as it leaves; its token is in the mail only. */
export function presentInvitation(invitation: Invitation, now: Date) {
  return {
    id: invitation.id,
    email: invitation.email,
    role: invitation.role,
    state: stateOfInvitation(invitation, now),
    invited_by: invitation.invitedBy,
    mailed_at: iso(invitation.mailedAt),
    expires_at: invitation.expiresAt.toISOString(),
    accepted_at: iso(invitation.acceptedAt),
    revoked_at: iso(invitation.revokedAt),
    created_at: invitation.createdAt.toISOString(),
  }
}

/** What accepting an invitation brought about. */
export function presentAccepted({ invitationId, tenant, role }: AcceptedInvitation) {
  return {
    invitation_id: invitationId,
    tenant: { id: tenant.id, slug: tenant.slug, name: tenant.name },
    role,
  }
}

/** What somebody with the link may see of an invitation before they are signed in. */
export function presentGlance(glance: { invitation: Invitation; tenant: Tenant; inviter: string }) {
  const { email, role, expiresAt } = glance.invitation
  return {
    email,
    role,
    tenant_name: glance.tenant.name,
    inviter: glance.inviter,
    expires_at: expiresAt.toISOString(),
  }
}

/** A quota as it leaves. */
export function presentQuota(quota: Quota) {
  return {
    resource: quota.resource,
    limit: quota.limit,
    used: quota.used,
    reserved: quota.reserved,
    remaining: quota.limit === null ? null : Math.max(0, quota.limit - quota.used - quota.reserved),
    period: quota.period,
    resets_at: iso(quota.resetsAt),
    updated_at: quota.updatedAt.toISOString(),
  }
}

/** A reservation as it leaves. */
export function presentReservation(reservation: Reservation, resource: string) {
  return {
    id: reservation.id,
    resource,
    amount: reservation.amount,
    state: reservation.state,
    committed_amount: reservation.committedAmount,
    reference: reservation.reference,
    expires_at: reservation.expiresAt.toISOString(),
    created_at: reservation.createdAt.toISOString(),
  }
}

/** A line of the audit log as it leaves. */
export function presentAuditEntry(line: AuditEntry) {
  return {
    id: line.lineId,
    sequence: line.sequence,
    created_at: line.at.toISOString(),
    action: line.action,
    target: line.target,
    outcome: line.outcome,
    actor: { kind: line.actorKind, id: line.actorId, impersonator_id: line.impersonatorId },
    ip: line.ip,
    request_id: line.requestId,
    detail: line.detail,
    hash: line.hash.toString('hex'),
  }
}

function iso(at: Date | null): string | null {
  return at?.toISOString() ?? null
}
