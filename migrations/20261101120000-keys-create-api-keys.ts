import { sqlMigration } from './helpers/migration.js'
import { globalTable, tenantTable } from './helpers/tables.js'

/** API keys, their credits, and the counters of their use. */
export default sqlMigration(
  'API keys, their credits and usage counters',
  ...tenantTable(
    'api_keys',
    {
      name: 'varchar(60) not null',
      environment: "text not null check (environment in ('live', 'test'))",
      hash: "text not null check (hash ~ '^[0-9a-f]{64}$')",
      start: 'varchar(20) not null',
      // The first key of a chain of rotations: its successors share its credits and rate limits.
      lineage_id: 'uuid not null',
      owner_kind: "text not null check (owner_kind in ('tenant', 'user'))",
      owner_user_id: 'uuid',
      ceiling_roles: "text[] not null default '{}'",
      scopes: 'text[] not null check (cardinality(scopes) between 1 and 100)',
      allowed_ips: 'text[]',
      rate_limits: "jsonb not null default '[]'",
      meta: "jsonb not null default '{}'",
      enabled: 'boolean not null default true',
      on_leak: "text not null default 'revoke' check (on_leak in ('revoke', 'rotate'))",
      expires_at: 'timestamptz(3)',
      grace_until: 'timestamptz(3)',
      revoked_at: 'timestamptz(3)',
      leaked_at: 'timestamptz(3)',
      rotated_from: 'uuid',
      rotated_to: 'uuid',
      created_by_kind: "text not null check (created_by_kind in ('user', 'key', 'system'))",
      created_by_id: 'text not null',
    },
    {
      indexes: ['owner_user_id', 'lineage_id'],
      // A key of a person names that person; a key of the organisation names nobody.
      constraints: ["check ((owner_kind = 'user') = (owner_user_id is not null))"],
    },
  ),
  // Finding a key by its text begins with the hash; the tenant is in the index so that it can be sharded.
  'create unique index api_keys_hash on api_keys (hash, tenant_id)',

  // Apart from api_keys: spending changes this row all the time and must not touch the key's configuration.
  // One row for all keys of a lineage, so that rotating a key neither loses nor doubles its credits.
  ...tenantTable(
    'api_key_credits',
    {
      lineage_id: 'uuid not null',
      remaining: 'bigint not null check (remaining >= 0)',
      refill_interval: "text check (refill_interval in ('daily', 'monthly'))",
      refill_amount: 'bigint check (refill_amount > 0)',
      refill_day: 'integer check (refill_day between 1 and 31)',
      refilled_at: 'timestamptz(3) not null default now()',
    },
    {
      primaryKey: 'lineage_id',
      constraints: [
        'check ((refill_interval is null) = (refill_amount is null) and (refill_interval is null) = (refill_day is null))',
      ],
    },
  ),

  // No foreign key: use stays on record after its key is deleted, and a late flush must not fail.
  ...tenantTable(
    'api_key_usage',
    {
      key_id: 'uuid not null',
      hour: 'timestamptz(3) not null',
      kind: "text not null check (kind in ('request', 'verify'))",
      outcome: 'text not null',
      count: 'bigint not null check (count >= 0)',
      credits: 'bigint not null default 0 check (credits >= 0)',
      last_at: 'timestamptz(3) not null',
    },
    { primaryKey: 'key_id, hour, kind, outcome', indexes: ['hour'], app: ['select'] },
  ),

  // Ids of flushed batches: a flush whose answer was lost is tried again and must add nothing twice.
  ...globalTable('api_key_usage_batches', {}, { indexes: ['created_at'], app: ['select'] }),
)
