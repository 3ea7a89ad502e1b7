import { sqlMigration } from './helpers/migration.js'
import { globalTable } from './helpers/tables.js'

/** Tables in which an installation that ever ran has rows. */
const USED = ['users', 'tenants', 'signing_keys', 'access_tokens', 'audit_logs']

export default sqlMigration(
  'the root key wrapped by the master secret, data keys wrapped by it',
  ...globalTable(
    'installation_keys',
    {
      // 0 is the root key, 1 and up are data keys.
      id: 'integer not null check (id >= 0)',
      // Null: the root key is the master secret itself, as it was before keys were wrapped.
      wrapped: 'bytea',
      // Which master secret wraps the root key; null for data keys, which the root key wraps.
      wrapped_by: 'text',
      active_from: 'timestamptz(3) not null default now()',
      // When no value was left that is sealed with an older key.
      resealed_at: 'timestamptz(3)',
    },
    { primaryKey: 'id', app: [] },
  ),
  `insert into installation_keys (id) select 0 where ${USED.map((table) => `exists (select from ${table})`).join(' or ')}`,
  `create function installation_keys_keep_root() returns trigger language plpgsql as $$
   begin raise exception 'without the root key every hash and sealed value is worthless'; end $$`,
  `create trigger keep_root before delete on installation_keys for each row when (old.id = 0)
   execute function installation_keys_keep_root()`,
  `create trigger keep_root_all before truncate on installation_keys
   execute function installation_keys_keep_root()`,
  // Sealing a value anew is no change of the row: what is shown of it, and its ETag, stay.
  `create or replace function touch_updated_at() returns trigger language plpgsql as $$
   begin
     if current_setting('vetrai.keeps_updated_at', true) = 'on' then
       new.updated_at = old.updated_at;
     else
       new.updated_at = now();
     end if;
     return new;
   end $$`,
)
