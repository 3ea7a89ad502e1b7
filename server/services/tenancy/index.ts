import { defineService } from '../../kernel/define-service.js'
import { tenancyEvents } from './events.js'
import { expireReservationsJob } from './jobs/expire-reservations.js'
import { purgeTenants } from './jobs/purge-tenants.js'
import { mailDeletion } from './operations/mail-deletion.js'
import { mailInvitation } from './operations/mail-invitation.js'
import { auditRoutes } from './routes/audit-logs.js'
import { invitationRoutes } from './routes/invitations.js'
import { memberRoutes } from './routes/members.js'
import { quotaRoutes } from './routes/quotas.js'
import { settingsRoutes } from './routes/settings.js'
import { tenantRoutes } from './routes/tenants.js'
import { resolveTenant } from './state.js'

/** Organisations: who belongs to which, under which plan and quotas. */
export const tenancy = defineService({
  name: 'tenancy',
  summary: 'Organisations, members, invitations, quotas and the audit log.',
  prefix: '/tenancy',
  needs: [],
  routes: [
    ...tenantRoutes,
    ...memberRoutes,
    ...invitationRoutes,
    ...settingsRoutes,
    ...quotaRoutes,
    ...auditRoutes,
  ],
  jobs: [purgeTenants, expireReservationsJob],
  events: tenancyEvents,
  on: {
    'tenancy.invitation.created': mailInvitation,
    'tenancy.invitation.resent': mailInvitation,
    'tenancy.tenant.deleted': mailDeletion,
  },
  resolveTenant,
})
