import { sqlMigration } from './helpers/migration.js'
import { globalTable, tenantTable } from './helpers/tables.js'

/**
 * Who is not written to any more, and the installation's key of web push. Rows of the tenant made of zeros hold for
 * the whole installation.
 */
export default sqlMigration(
  'addresses that are not written to any more; the key pair of web push',
  ...tenantTable(
    'notification_suppressions',
    {
      channel: "text not null check (channel in ('email', 'sms', 'push'))",
      // Keyed hash of the address in its one spelling: a person who is forgotten stays left alone.
      address_hash: 'text not null',
      // Enough to recognise it by, too little to write to.
      masked: 'text not null',
      reason: "text not null check (reason in ('hard_bounce', 'complaint', 'gone', 'invalid', 'manual'))",
      // What told: a provider, a person, a key.
      source: 'text not null',
    },
    { unique: ['channel, address_hash'], app: ['select', 'insert', 'delete'] },
  ),
  ...globalTable(
    'push_keys',
    {
      slot: "text not null check (slot = 'vapid')",
      public_key: 'text not null',
      // AES-256-GCM under the installation's key.
      private_key_sealed: 'bytea not null',
    },
    { primaryKey: 'slot', app: [] },
  ),
)
