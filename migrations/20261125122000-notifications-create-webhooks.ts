import { sqlMigration } from './helpers/migration.js'
import { tenantTable } from './helpers/tables.js'

const OF_ENDPOINT =
  'foreign key (tenant_id, endpoint_id) references webhook_endpoints (tenant_id, id) on delete cascade'

/** Webhooks: where tenants want to be told, what they are told, and how telling them went. */
export default sqlMigration(
  'webhook endpoints, their signing keys and health; messages, deliveries and attempts',
  ...tenantTable('webhook_endpoints', {
    url: 'text not null',
    description: "text not null default ''",
    // Exact types, `service.*` or `*`.
    event_types: 'text[] not null check (cardinality(event_types) between 1 and 100)',
    // Values of the custom headers; the names are shown, the values never.
    header_names: "text[] not null default '{}'",
    headers_sealed: 'bytea',
    // Deliveries a minute, evenly spaced; null: no limit.
    rate_per_minute: 'integer check (rate_per_minute > 0)',
    // Null while it is enabled.
    disabled_at: 'timestamptz(3)',
    disabled_reason: "text check (disabled_reason in ('manual', 'gone', 'failing'))",
  }),

  ...tenantTable(
    'webhook_keys',
    {
      endpoint_id: 'uuid not null',
      // v1: HMAC-SHA-256, v1a: ed25519.
      scheme: "text not null check (scheme in ('v1', 'v1a'))",
      sealed: 'bytea not null',
      public_key: 'text',
      // Null for the key in use; one that was replaced signs along until then.
      expires_at: 'timestamptz(3)',
    },
    { constraints: [OF_ENDPOINT], indexes: ['endpoint_id'] },
  ),

  // Apart from webhook_endpoints: deliveries change this row all the time and must not touch the configuration.
  ...tenantTable(
    'webhook_health',
    {
      endpoint_id: 'uuid not null',
      // Since when there were nothing but failures, and how many.
      failing_since: 'timestamptz(3)',
      failures: 'integer not null default 0',
      last_success_at: 'timestamptz(3)',
      last_failure_at: 'timestamptz(3)',
      // Nothing is sent before: the receiver asked for it, or failed too often in a row.
      paused_until: 'timestamptz(3)',
      // When the next delivery may start that rate_per_minute has not given a time yet.
      next_slot_at: 'timestamptz(3)',
    },
    { primaryKey: 'endpoint_id', constraints: [OF_ENDPOINT] },
  ),

  ...tenantTable(
    'webhook_messages',
    {
      // What it tells of: a second message of the same origin is not made.
      origin_id: 'uuid',
      type: 'text not null',
      source: "text not null check (source in ('event', 'app', 'notification', 'test'))",
      occurred_at: 'timestamptz(3) not null',
      // As it is sent, byte for byte.
      body: 'text not null check (octet_length(body) <= 20480)',
    },
    { unique: ['origin_id'] },
  ),
  `create index webhook_messages_age on webhook_messages using brin (created_at) with (autosummarize = on)`,

  // No foreign key to the endpoint: what was sent to it stays on record after it is deleted.
  ...tenantTable(
    'webhook_deliveries',
    {
      message_id: 'uuid not null',
      endpoint_id: 'uuid not null',
      status: "text not null check (status in ('pending', 'delivered', 'failed', 'skipped'))",
      // Why it is settled otherwise than delivered.
      reason: 'text',
      // Of this round: sending it again starts at 0.
      attempts: 'integer not null default 0',
      // The one job that may still work on it.
      job_id: 'uuid',
      // The time that rate_per_minute gave it.
      slot_at: 'timestamptz(3)',
      next_attempt_at: 'timestamptz(3)',
      settled_at: 'timestamptz(3)',
    },
    {
      primaryKey: 'message_id, endpoint_id',
      constraints: [
        'foreign key (tenant_id, message_id) references webhook_messages (tenant_id, id) on delete cascade',
      ],
      indexes: ['endpoint_id, created_at desc, message_id desc'],
    },
  ),
  `create index webhook_deliveries_unsuccessful on webhook_deliveries (tenant_id, endpoint_id, created_at, message_id)
     where status in ('failed', 'skipped')`,
  `create index webhook_deliveries_pending on webhook_deliveries (updated_at) where status = 'pending'`,

  ...tenantTable(
    'webhook_attempts',
    {
      message_id: 'uuid not null',
      endpoint_id: 'uuid not null',
      number: 'integer not null',
      outcome: "text not null check (outcome in ('succeeded', 'failed'))",
      status_code: 'smallint',
      error_code: 'text',
      error: 'text',
      duration_ms: 'integer not null',
      // Beginning of the answer's body, where that is text.
      response: 'text check (octet_length(response) <= 4096)',
    },
    {
      constraints: [
        `foreign key (tenant_id, message_id, endpoint_id)
          references webhook_deliveries (tenant_id, message_id, endpoint_id) on delete cascade`,
      ],
      indexes: ['endpoint_id, created_at desc, id desc', 'message_id, endpoint_id'],
    },
  ),
)
