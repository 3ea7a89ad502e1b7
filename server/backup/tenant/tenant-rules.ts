/** What is done with a column when rows come into another installation, or into a second tenant of the same one. */
export interface ArrivalRule {
  readonly table: string
  readonly column: string
  /** SQL for its value there; `r` is the row of the archive. */
  readonly value: string
  /** `credentials`: made with the root key of the installation; `work`: would be done twice. */
  readonly because: 'credentials' | 'work'
}

/** No hash: nothing gives it, and no two rows have the same. */
const NOBODYS = "encode(sha256(convert_to(gen_random_uuid()::text, 'UTF8')), 'hex')"
const NOT_SETTLED = "r.status in ('scheduled', 'queued', 'running', 'waiting')"

/**
 * What must not come along. Hashes made with the root key open nothing elsewhere; in a second tenant of the same
 * installation they would open both. Work that waits would be done by the original and by its copy.
 */
export const ARRIVAL_RULES: readonly ArrivalRule[] = [
  rule('api_keys', 'hash', NOBODYS, 'credentials'),
  rule('api_keys', 'revoked_at', 'coalesce(r.revoked_at, now())', 'credentials'),
  rule('invitations', 'token_hash', 'null', 'credentials'),
  rule('schedules', 'paused_at', 'coalesce(r.paused_at, now())', 'work'),
  rule('schedules', 'next_at', 'null', 'work'),
  rule('webhook_endpoints', 'disabled_at', 'coalesce(r.disabled_at, now())', 'work'),
  rule('webhook_endpoints', 'disabled_reason', "coalesce(r.disabled_reason, 'manual')", 'work'),
  rule('worker_jobs', 'status', `case when ${NOT_SETTLED} then 'cancelled' else r.status end`, 'work'),
  rule('worker_jobs', 'finished_at', `case when ${NOT_SETTLED} then now() else r.finished_at end`, 'work'),
  rule('worker_jobs', 'lease_until', 'null', 'work'),
  rule('worker_jobs', 'worker', 'null', 'work'),
  rule('workflow_runs', 'status', `case when ${NOT_SETTLED} then 'cancelled' else r.status end`, 'work'),
  rule('workflow_runs', 'finished_at', `case when ${NOT_SETTLED} then now() else r.finished_at end`, 'work'),
  rule(
    'workflow_waits',
    'status',
    "case when r.status = 'pending' then 'cancelled' else r.status end",
    'work',
  ),
  rule(
    'notification_deliveries',
    'status',
    "case when r.status in ('pending', 'scheduled', 'waiting', 'digested', 'sending') then 'cancelled' else r.status end",
    'work',
  ),
  rule(
    'notification_messages',
    'status',
    "case when r.status = 'accepted' then 'cancelled' else r.status end",
    'work',
  ),
  rule(
    'webhook_deliveries',
    'status',
    "case when r.status = 'pending' then 'skipped' else r.status end",
    'work',
  ),
]

/**
 * Columns of tenants' tables whose name says hash or token, and what they are; a test fails for one that is missing.
 * `arrives`: an ArrivalRule changes it; `elsewhere void`: it stays and matches nothing in another installation.
 */
export const HASH_COLUMNS: Readonly<Record<string, 'arrives' | 'elsewhere void' | 'no credential'>> = {
  'api_keys.hash': 'arrives',
  'invitations.token_hash': 'arrives',
  'notification_suppressions.address_hash': 'elsewhere void',
  'audit_logs.hash': 'no credential',
  'audit_logs.previous_hash': 'no credential',
  'notification_subscribers.tokens_valid_from': 'no credential',
  'workflow_runs.tokens_used': 'no credential',
  'workflow_steps.tokens': 'no credential',
}

function rule(table: string, column: string, value: string, because: ArrivalRule['because']): ArrivalRule {
  return { table, column, value, because }
}
