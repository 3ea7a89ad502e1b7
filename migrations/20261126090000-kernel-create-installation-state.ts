import { sqlMigration } from './helpers/migration.js'
import { globalTable } from './helpers/tables.js'

export default sqlMigration(
  'what the whole installation has to know: whether it rests, what became of its backups',
  ...globalTable(
    'installation_state',
    // Names with dots, e.g. `backup.last`.
    { key: "text not null check (key ~ '^[a-z][a-z0-9._-]{0,99}$')", value: 'jsonb not null' },
    { primaryKey: 'key', app: ['select'] },
  ),
  // Lets the transaction of a request in. Whoever gets the lock alone knows that no such transaction is open, and that
  // each that comes later, in whatever process, sees the maintenance: the look after the lock has a snapshot of its own.
  // Processes know of a maintenance within the first second, so what they had taken on before can end by itself.
  `create function installation_admit() returns void language plpgsql as $$
   declare maintenance jsonb;
   begin
     perform pg_advisory_xact_lock_shared(hashtextextended('requests', 0));
     select value into maintenance from installation_state
       where key = 'maintenance' and (value->>'since')::timestamptz + interval '1 s' <= clock_timestamp();
     if found then
       raise exception using errcode = 'VT503', message = 'the installation rests', detail = maintenance::text;
     end if;
   end $$`,
)
