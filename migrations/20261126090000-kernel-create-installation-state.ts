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
)
