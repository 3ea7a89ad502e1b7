import { sqlMigration } from './helpers/migration.js'
import { globalTable } from './helpers/tables.js'

/** Second factors, tokens sent by mail, failed attempts and the keys that sign access tokens. */
export default sqlMigration(
  'factors, recovery codes, one-time tokens, login failures, signing keys',
  ...globalTable(
    'auth_factors',
    {
      user_id: 'uuid not null references users (id) on delete cascade',
      kind: "text not null check (kind in ('totp'))",
      name: 'text not null',
      // AES-256-GCM under the installation's key; bound to the factor's id.
      secret_sealed: 'bytea not null',
      // Null until a first code proved that the app has the secret; only then it counts.
      confirmed_at: 'timestamptz(3)',
      // Codes of this time step and earlier ones are used up (RFC 6238 section 5.2).
      last_used_step: 'bigint',
    },
    { indexes: ['user_id'] },
  ),
  ...globalTable(
    'recovery_codes',
    {
      user_id: 'uuid not null references users (id) on delete cascade',
      code_hash: 'char(64) not null',
      used_at: 'timestamptz(3)',
    },
    { primaryKey: 'user_id, code_hash' },
  ),
  ...globalTable(
    'one_time_tokens',
    {
      // Null from the request until the mail with the token is written.
      token_hash: 'char(64)',
      purpose: 'text not null',
      // Null for a sign-up and for an address nobody looked up yet.
      user_id: 'uuid references users (id) on delete cascade',
      email: 'text not null',
      // AES-256-GCM under the installation's key, bound to the row: what the token brings about.
      payload_sealed: 'bytea',
      expires_at: 'timestamptz(3) not null',
      used_at: 'timestamptz(3)',
    },
    { unique: ['token_hash'], indexes: ['user_id', 'email, purpose', 'expires_at'] },
  ),
  ...globalTable(
    'login_failures',
    {
      // Keyed hash of an account's e-mail (known or not) or of a canonical address: no list of either is kept.
      subject: 'char(64) not null',
      failures: 'integer not null',
      last_failure_at: 'timestamptz(3) not null',
    },
    { primaryKey: 'subject', indexes: ['last_failure_at'] },
  ),
  ...globalTable(
    'signing_keys',
    {
      kid: 'text not null',
      public_jwk: 'jsonb not null',
      // PKCS #8, AES-256-GCM under the installation's key.
      private_sealed: 'bytea not null',
      active_from: 'timestamptz(3) not null',
    },
    { primaryKey: 'kid' },
  ),
)
