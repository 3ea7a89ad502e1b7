import { defineService } from '../../kernel/define-service.js'

/** Organisations: who belongs to which, under which plan and quotas. */
export const tenancy = defineService({
  name: 'tenancy',
  summary: 'Organisations, members, invitations, quotas and the audit log.',
  prefix: '/tenancy',
  needs: [],
  routes: [],
})
