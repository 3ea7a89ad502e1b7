import type { JsonDoc } from './json-doc.js'

/** One backup, as `backup list` shows it. */
export const backupDoc: JsonDoc = {
  id: 'id of the backup',
  created_at: 'when its snapshot was taken: all that was accepted before is in it',
  reason: 'manual, schedule, before-restore, before-upgrade or before-move',
  targets: { '[]': 'target that holds it whole' },
  version: 'version of VetrAI that made it',
  encryption: 'age or none',
  bytes: 'bytes of its own files as stored; objects that backups share are left out',
  plain_bytes: 'the same once opened',
  rows: 'rows of the database',
  tables: 'tables of the database',
  objects: 'number of stored objects; null where they were left out',
  verified_at: 'when it was last seen to be whole; null where it never was',
}

/** What is wrong with a target, or with something in it. */
export const backupProblemDoc: JsonDoc = {
  target: 'name of the target',
  id: 'backup that cannot be used; null where the target itself is meant',
  code: 'stable code of the problem',
  message: 'what is wrong',
  next: 'what to do',
}

/** Which backups stay. */
export const keepDoc: JsonDoc = {
  last: 'this many of the newest',
  daily: 'the newest of each of this many days',
  weekly: 'the newest of each of this many weeks',
  monthly: 'the newest of each of this many months',
}
