import type { PermissionMatrix, PermissionRow } from './kernel/permissions.js'
import type { Role } from './kernel/principal.js'

const operators: Role[] = ['super_admin']
const staff: Role[] = ['super_admin', 'support_agent']
const admins: Role[] = ['super_admin', 'org_admin']
const billing: Role[] = ['super_admin', 'org_admin', 'billing_admin']
const members: Role[] = ['super_admin', 'support_agent', 'org_admin', 'billing_admin', 'user']

const installation = (may: string, roles: Role[], scope: string | null = null): PermissionRow => ({
  may,
  level: 'installation',
  roles,
  scope,
})
const tenant = (may: string, roles: Role[], scope: string | null): PermissionRow => ({
  may,
  level: 'tenant',
  roles,
  scope,
})
const self = (may: string, scope: string | null = null): PermissionRow => ({
  may,
  level: 'self',
  roles: ['super_admin', 'support_agent', 'org_admin', 'billing_admin', 'user'],
  scope,
})

/**
 * The role × permission matrix: who may do what, and which API-key scope includes it (null: never by key).
 * Routes name these permissions; the process does not start when one is unknown. `tenant` rows work inside
 * one organisation; `installation` rows across all; `self` rows on the caller's own account.
 */
export const permissions = {
  'auth.account.read': self('read their own account and sessions'),
  'auth.account.manage': self('change their own account, password, factors, sessions and tokens'),
  'auth.users.list': tenant('see the people of the organisation', staff.concat('org_admin'), 'auth:read'),
  'auth.users.read': tenant('see one person of the organisation', staff.concat('org_admin'), 'auth:read'),
  'auth.users.manage': tenant(
    'add people to the organisation and change their accounts there',
    admins,
    'auth:write',
  ),
  'auth.users.administer': installation('see and change every account of the installation', operators),
  'auth.users.impersonate': installation('act as another person for a limited time', operators),
  'auth.tokens.introspect': tenant(
    'ask whether a token of the organisation is good (RFC 7662)',
    admins,
    'auth:read',
  ),
  'auth.installation-keys.manage': installation(
    'see when the keys of the installation were made, and replace them',
    operators,
  ),
  'installation.maintenance.manage': installation(
    'let the installation rest, and see whether it does',
    operators,
  ),
  'backups.read': installation('see when backups happen, and what became of them', operators),
  'backups.manage': installation('make a backup now, and prove the newest', operators),
  'auth.why': self('ask why something would be allowed or denied', 'auth:read'),

  'tenancy.own.list': self('see the organisations they belong to', 'tenancy:read'),
  'tenancy.own.create': self('create an organisation of their own'),
  'tenancy.own.join': self('accept an invitation sent to them'),
  'tenancy.own.leave': self('leave the organisation they work in'),
  'tenancy.tenants.list': installation('see every organisation', staff),
  'tenancy.tenants.create': installation('create organisations for others', operators),
  'tenancy.tenants.administer': installation(
    'suspend, resume, change and delete any organisation',
    operators,
  ),
  'tenancy.tenant.read': tenant('read the organisation', members, 'tenancy:read'),
  'tenancy.tenant.update': tenant('rename the organisation and change its settings', admins, 'tenancy:write'),
  'tenancy.tenant.delete': tenant('delete the organisation', admins, null),
  'tenancy.members.read': tenant('see the members', members, 'tenancy:read'),
  'tenancy.members.manage': tenant('change roles of members and remove them', admins, 'tenancy:write'),
  'tenancy.invitations.read': tenant('see invitations', admins, 'tenancy:read'),
  'tenancy.invitations.manage': tenant('invite people and take invitations back', admins, 'tenancy:write'),
  'tenancy.settings.read': tenant('read settings', members, 'tenancy:read'),
  'tenancy.quotas.read': tenant(
    'see quotas and their use',
    billing.concat('support_agent', 'user'),
    'tenancy:read',
  ),
  'tenancy.quotas.manage': installation('set quotas', operators),
  'tenancy.quotas.use': tenant('reserve, commit and release quota', admins, 'quotas:write'),
  'tenancy.audit.read': tenant('read and verify the audit log', staff.concat('org_admin'), 'audit:read'),
  'tenancy.audit.read-installation': installation(
    "read and verify the installation's own audit log",
    operators,
  ),

  'keys.read': tenant('see API keys (their own, or all as administrator)', members, 'keys:read'),
  'keys.create': tenant('create API keys no wider than themselves', admins.concat('user'), 'keys:write'),
  'keys.manage': tenant('change, rotate and revoke API keys', admins.concat('user'), 'keys:write'),
  'keys.verify': tenant('verify API keys of the organisation', admins, 'keys:verify'),
  'keys.usage': tenant('see the use of API keys', members, 'keys:read'),

  'workers.jobs.read': tenant(
    'see jobs, their attempts and log lines',
    staff.concat('org_admin'),
    'jobs:read',
  ),
  'workers.jobs.create': tenant('enqueue jobs', admins, 'jobs:write'),
  'workers.jobs.manage': tenant('cancel, retry and redrive jobs', admins, 'jobs:write'),
  'workers.jobs.administer': installation(
    'see, cancel and retry jobs of the installation itself, and pause its schedules',
    operators,
  ),
  'workers.queues.read': tenant('see queues and what waits in them', staff.concat('org_admin'), 'jobs:read'),
  'workers.queues.manage': installation('pause and resume queues', operators),
  'workers.schedules.read': tenant('see schedules', staff.concat('org_admin'), 'schedules:read'),
  'workers.schedules.manage': tenant('make, change, pause and delete schedules', admins, 'schedules:write'),
  'workers.workflows.read': tenant(
    'see workflow templates and runs',
    staff.concat('org_admin'),
    'workflows:read',
  ),
  'workers.workflows.manage': tenant(
    'make, publish and delete workflow templates',
    admins,
    'workflows:write',
  ),
  'workers.runs.start': tenant('start workflow runs', admins, 'workflows:run'),
  'workers.runs.manage': tenant('cancel, resume, answer and replay workflow runs', admins, 'workflows:run'),

  'notifications.send': tenant('send notifications', admins, 'notifications:send'),
  'notifications.explain': tenant(
    'ask who would be sent what, and why',
    staff.concat('org_admin'),
    'notifications:read',
  ),
  'notifications.deliveries.read': tenant(
    'see deliveries and their attempts',
    staff.concat('org_admin'),
    'notifications:read',
  ),
  'notifications.deliveries.manage': tenant('send a delivery again', admins, 'notifications:write'),
  'notifications.templates.read': tenant(
    'see notification templates',
    staff.concat('org_admin'),
    'notifications:read',
  ),
  'notifications.templates.manage': tenant(
    'change, publish and test notification templates',
    admins,
    'notifications:write',
  ),
  'notifications.subscribers.read': tenant(
    'see who may be notified',
    staff.concat('org_admin'),
    'notifications:read',
  ),
  'notifications.subscribers.manage': tenant(
    'add, change and remove who may be notified',
    admins,
    'notifications:write',
  ),
  'notifications.settings.read': tenant(
    "see categories and the organisation's notification settings",
    staff.concat('org_admin'),
    'notifications:read',
  ),
  'notifications.settings.manage': tenant(
    "change the organisation's notification settings and suppressions",
    admins,
    'notifications:write',
  ),
  'notifications.suppressions.administer': installation(
    'see and change the addresses that nobody in the installation writes to',
    operators,
  ),
  'notifications.bounces.report': installation(
    'hand in bounced mails for the whole installation',
    operators,
    'bounces:write',
  ),
  'notifications.inbox': {
    ...tenant('read their own inbox and set their own preferences', members, 'notifications:inbox'),
    subscribers: true,
  },
  'notifications.policy.read': installation("read the installation's notification policy", staff),
  'notifications.policy.manage': installation(
    'switch channels and categories off for every organisation',
    operators,
  ),
  'notifications.webhooks.read': tenant(
    'see webhook endpoints and their attempts',
    staff.concat('org_admin'),
    'webhooks:read',
  ),
  'notifications.webhooks.send': tenant(
    'send messages of their own to webhook endpoints',
    admins,
    'webhooks:send',
  ),
  'notifications.webhooks.manage': tenant(
    'make, change, test, replay and delete webhook endpoints',
    admins,
    'webhooks:write',
  ),
} as const satisfies PermissionMatrix
