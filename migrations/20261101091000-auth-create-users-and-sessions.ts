import { sqlMigration } from './helpers/migration.js'
import { globalTable } from './helpers/tables.js'

/** People and how they are signed in. None of it belongs to one tenant: a person may be a member of many. */
export default sqlMigration(
  'users, sessions, refresh tokens, access tokens',
  ...globalTable(
    'users',
    {
      // Trimmed and lower-cased by the server: it identifies a person.
      email: 'text not null check (email = lower(email))',
      email_verified_at: 'timestamptz(3)',
      name: 'text',
      // v1:<bcrypt of the peppered pre-hash>; null for accounts that never had a password.
      password_hash: 'text',
      password_changed_at: 'timestamptz(3)',
      // super_admin or support_agent; null for everybody else.
      installation_role: "text check (installation_role in ('super_admin', 'support_agent'))",
      status: "text not null default 'active' check (status in ('active', 'disabled'))",
      // The tenant whose admins made this account and may manage it; null once the person proved the address.
      managed_by_tenant_id: 'uuid',
      last_login_at: 'timestamptz(3)',
      version: 'integer not null default 1',
    },
    { unique: ['email'], indexes: ['created_at desc, id desc'] },
  ),
  'create index users_by_manager on users (managed_by_tenant_id) where managed_by_tenant_id is not null',
  "create index users_super_admins on users (id) where installation_role = 'super_admin'",

  ...globalTable(
    'sessions',
    {
      user_id: 'uuid not null references users (id) on delete cascade',
      // The tenant the next refreshed token acts in.
      tenant_id: 'uuid',
      ip: 'text not null',
      user_agent: 'text',
      // Authentication methods (RFC 8176): pwd, otp, …
      amr: "text[] not null default '{}'",
      aal: 'smallint not null check (aal in (1, 2))',
      authenticated_at: 'timestamptz(3) not null',
      last_used_at: 'timestamptz(3) not null default now()',
      // Moves forward with each refresh, never beyond ends_at.
      expires_at: 'timestamptz(3) not null',
      ends_at: 'timestamptz(3) not null',
      impersonator_id: 'uuid references users (id) on delete cascade',
      impersonation_reason: 'text',
      revoked_at: 'timestamptz(3)',
      revoked_reason: 'text',
    },
    { indexes: ['user_id', 'expires_at'] },
  ),
  'create index sessions_by_impersonator on sessions (impersonator_id) where impersonator_id is not null',

  ...globalTable(
    'refresh_tokens',
    {
      token_hash: 'char(64) not null',
      session_id: 'uuid not null references sessions (id) on delete cascade',
      // 1 for the token of the login, one more with each rotation.
      generation: 'integer not null',
      used_at: 'timestamptz(3)',
    },
    { primaryKey: 'token_hash', unique: ['session_id, generation'] },
  ),

  ...globalTable(
    'access_tokens',
    {
      token_hash: 'char(64) not null',
      user_id: 'uuid not null references users (id) on delete cascade',
      // The tenant the token acts in; null acts in none (or, for installation roles, in the one the caller names).
      tenant_id: 'uuid',
      name: 'text not null',
      last4: 'char(4) not null',
      // Narrow what the person's roles allow; null does not narrow.
      scopes: 'text[]',
      expires_at: 'timestamptz(3)',
      last_used_at: 'timestamptz(3)',
      revoked_at: 'timestamptz(3)',
      revoked_reason: 'text',
    },
    { unique: ['token_hash'], indexes: ['user_id, created_at desc, id desc'] },
  ),
)
