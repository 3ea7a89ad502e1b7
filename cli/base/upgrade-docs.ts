import type { JsonDoc } from './json-doc.js'

const versionDoc: JsonDoc = {
  version: 'a version of VetrAI',
  schema_version: 'its newest migration; of the version that runs, the newest that was applied',
  server: 'image or folder of its server',
}

/** What `upgrade plan` answers. */
export const upgradePlanDoc: JsonDoc = {
  from: versionDoc,
  to: versionDoc,
  needed: 'false where the deployment runs that very version',
  mode: 'in-place; copy where the version before cannot run on the new schema; move where the database goes to another PostgreSQL major',
  migrations: {
    '[]': {
      name: 'a migration that would be applied',
      compatible: 'whether the version before runs on after it',
    },
  },
  breaking: { '[]': { version: 'a version on the way', note: 'what to know before it' } },
  database: {
    postgres: 'major version of PostgreSQL',
    bytes: 'bytes that the database takes',
    move: {
      postgres: 'major that the database would move to; null in place of this object where it stays',
      image: 'image that would run it',
      kept_volume: 'volume with the data as it is, which is kept',
      rest_s: 'about how many seconds callers would be told to wait',
    },
  },
  object_bytes: 'bytes of the objects kept in the directory',
  disk: {
    need_bytes: 'free room that the upgrade wants',
    places: { '[]': { place: 'a file system it writes to', free: 'bytes free there' } },
  },
  downtime: 'none, restart (seconds) or maintenance (callers are told to wait)',
  going_back: {
    automatic:
      'whether the version before serves again by itself where the upgrade fails; false where its programs are gone',
    command: 'what has it serve then; null where it does by itself',
  },
  steps: { '[]': 'what would be done' },
  problem: {
    code: 'why it would be refused; null in place of this object where it would not',
    message: 'the reason in words',
    next: 'what to do about it',
  },
}

/** What `upgrade run` answers. */
export const upgradeReportDoc: JsonDoc = {
  changed: 'false where the deployment ran that very version already',
  id: 'id of the upgrade; null where nothing was done',
  from: 'version before',
  to: 'version now',
  mode: 'in-place, copy or move',
  postgres: 'major of PostgreSQL that the database moved to; null where it stayed',
  migrations: { '[]': 'a migration that was applied' },
  backup: 'id of the backup made before; null where none was made',
  duration_s: 'seconds it took',
  watched_s: 'seconds for which its answers to requests were watched; 0 by a copy or a move',
  kept: 'database, or volume after a move, that holds the data of the version before; null where it was not kept',
}
