import { sqlMigration } from './helpers/migration.js'

export default sqlMigration(
  'which end of an API key was told of',
  'alter table api_keys add column expiry_announced timestamptz(3)',
  'create index api_keys_ending on api_keys (expires_at) where expires_at is not null and revoked_at is null',
)
