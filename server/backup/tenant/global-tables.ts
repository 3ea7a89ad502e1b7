/** What becomes of the rows of a table that belongs to no tenant, when a tenant is exported and erased. */
export interface GlobalRule {
  /** `members`: rows of its people go out with it, these columns only; `none`: nothing goes out. */
  readonly export: 'members' | 'none'
  /** Columns that go out; none of them lets anybody in. */
  readonly columns?: readonly string[]
  /** Which rows: people of the tenant, or rows that name the tenant in `tenant_id`. */
  readonly rows?: 'people' | 'tenant'
  /**
   * `person`: goes with people who are erased; `tenant`: rows that name the tenant go, and what hangs on them; `chain`:
   * goes with its audit chain; `expires`: cannot be told apart and goes by itself; `stays`: holds nothing of tenants.
   */
  readonly erase: 'person' | 'tenant' | 'chain' | 'expires' | 'stays'
  /** Column that names the tenant where it is another than `tenant_id`. */
  readonly tenantColumn?: string
  readonly why: string
}

/**
 * Every table that is no tenant's own, each with what is done with it. A test fails for a table that is missing here,
 * so that none is forgotten in an export or an erasure.
 */
export const GLOBAL_TABLES: Readonly<Record<string, GlobalRule>> = {
  users: {
    export: 'members',
    rows: 'people',
    columns: [
      ...['id', 'email', 'email_verified_at', 'name', 'status', 'managed_by_tenant_id'],
      ...['last_login_at', 'created_at', 'updated_at'],
    ],
    erase: 'person',
    why: 'the people of the tenant, without their passwords and without roles in the installation',
  },
  sessions: {
    export: 'members',
    rows: 'tenant',
    columns: [
      ...['id', 'user_id', 'tenant_id', 'ip', 'user_agent', 'amr', 'aal', 'authenticated_at', 'last_used_at'],
      ...['expires_at', 'ends_at', 'revoked_at', 'revoked_reason', 'created_at'],
    ],
    erase: 'tenant',
    why: 'data about people, to be read; a session is not brought elsewhere',
  },
  access_tokens: {
    export: 'members',
    rows: 'tenant',
    columns: [
      ...['id', 'user_id', 'tenant_id', 'name', 'last4', 'scopes', 'expires_at', 'last_used_at'],
      ...['revoked_at', 'revoked_reason', 'created_at'],
    ],
    erase: 'tenant',
    why: 'data about people, to be read; a token is not brought elsewhere',
  },
  auth_factors: none('person', 'second factors are a person’s own and open their account everywhere'),
  recovery_codes: none('person', 'hashes of codes that open an account'),
  refresh_tokens: none('person', 'hashes of tokens; they go with their session'),
  one_time_tokens: none('person', 'hashes of links in mails'),
  login_failures: none('expires', 'counters under hashes, which name neither a person nor a tenant'),
  idempotency_records: none('expires', 'answers under hashes, sealed; they are gone after a day'),
  outbox: none('tenant', 'events on their way to services; what they tell of is in the tables of tenants'),
  audit_heads: none('chain', 'the end of an audit chain, made anew from its lines'),
  audit_permits: none('stays', 'permits of the owner; of a tenant they hold its id for at most an hour'),
  api_key_usage_batches: none('stays', 'ids of counted batches'),
  installation_keys: none('stays', 'keys of the installation'),
  signing_keys: none('stays', 'keys of the installation'),
  push_keys: none('stays', 'keys of the installation'),
  installation_state: none('stays', 'whether the installation rests'),
  backup_runs: none('stays', 'when backups of the whole installation were made, and how they went'),
  job_queues: none('stays', 'queues of the installation'),
  job_rates: { ...none('tenant', 'counters of the present minute'), tenantColumn: 'counted_for' },
  notification_policy: none('stays', 'what the installation makes mandatory'),
  schema_migrations: none('stays', 'the schema of the installation'),
}

function none(erase: GlobalRule['erase'], why: string): GlobalRule {
  return { export: 'none', erase, why }
}
