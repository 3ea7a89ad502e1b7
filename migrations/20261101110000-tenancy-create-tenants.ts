import { sqlMigration } from './helpers/migration.js'
import { CURRENT_TENANT, globalTable, tenantTable } from './helpers/tables.js'

/** Organisations, their members, invitations and quotas. */
export default sqlMigration(
  'organisations, members, invitations, quotas',
  // The tenants table is its own tenant key: a row is visible to the transaction bound to its id.
  ...globalTable(
    'tenants',
    {
      slug: 'text not null',
      name: 'text not null',
      status: "text not null default 'active' check (status in ('active', 'suspended', 'deleting'))",
      plan: "text not null default 'free'",
      settings: "jsonb not null default '{}'",
      suspended_at: 'timestamptz(3)',
      suspended_reason: 'text',
      delete_requested_at: 'timestamptz(3)',
      purge_after: 'timestamptz(3)',
    },
    { unique: ['slug'], indexes: ['created_at desc, id desc'], app: ['select'] },
  ),
  // Name, plan and status are changed as vetrai_system, by operations that judge the caller first.
  'grant update (settings) on tenants to vetrai_app',
  'create index tenants_purge on tenants (purge_after) where purge_after is not null',
  'alter table tenants enable row level security',
  'alter table tenants force row level security',
  `create policy tenant_isolation on tenants to vetrai_app using (id = ${CURRENT_TENANT}) with check (id = ${CURRENT_TENANT})`,
  'create policy system_access on tenants to vetrai_system using (true) with check (true)',
  // Foreign keys are checked as the table's owner, which row security binds too.
  'create policy owner_references on tenants for select to vetrai_owner using (true)',

  ...tenantTable(
    'memberships',
    {
      user_id: 'uuid not null references users (id) on delete cascade',
      role: "text not null check (role in ('org_admin', 'billing_admin', 'user'))",
    },
    {
      unique: ['user_id'],
      indexes: ['role'],
      constraints: ['foreign key (tenant_id) references tenants (id) on delete cascade'],
    },
  ),
  'create index memberships_by_user on memberships (user_id)',

  ...tenantTable(
    'invitations',
    {
      email: 'text not null',
      role: "text not null check (role in ('org_admin', 'billing_admin', 'user'))",
      // Keyed hash of the token in the newest mail; null until the first mail is written.
      token_hash: 'text',
      invited_by: 'uuid references users (id) on delete set null',
      mailed_at: 'timestamptz(3)',
      mails: 'integer not null default 0',
      expires_at: 'timestamptz(3) not null',
      accepted_at: 'timestamptz(3)',
      accepted_by: 'uuid references users (id) on delete set null',
      revoked_at: 'timestamptz(3)',
    },
    {
      indexes: ['email, created_at'],
      constraints: ['foreign key (tenant_id) references tenants (id) on delete cascade'],
    },
  ),
  // Not unique: tokens hold 178 random bits, and a unique index without the tenant could not be sharded.
  'create index invitations_token on invitations (token_hash) where token_hash is not null',
  `create unique index invitations_open on invitations (tenant_id, email) where accepted_at is null and revoked_at is null`,

  ...tenantTable(
    'quotas',
    {
      resource: 'text not null',
      quota_limit: 'bigint check (quota_limit >= 0)',
      used: 'bigint not null default 0 check (used >= 0)',
      reserved: 'bigint not null default 0 check (reserved >= 0)',
      period: "text not null default 'none' check (period in ('none', 'day', 'month'))",
      period_start: 'timestamptz(3)',
    },
    {
      unique: ['resource'],
      constraints: ['foreign key (tenant_id) references tenants (id) on delete cascade'],
    },
  ),
  ...tenantTable(
    'quota_reservations',
    {
      quota_id: 'uuid not null',
      amount: 'bigint not null check (amount > 0)',
      state: "text not null default 'held' check (state in ('held', 'committed', 'released', 'expired'))",
      committed_amount: 'bigint check (committed_amount >= 0)',
      expires_at: 'timestamptz(3) not null',
      reference: 'text',
    },
    {
      indexes: ['quota_id, state'],
      constraints: ['foreign key (tenant_id, quota_id) references quotas (tenant_id, id) on delete cascade'],
    },
  ),
  "create index quota_reservations_due on quota_reservations (expires_at) where state = 'held'",
)
