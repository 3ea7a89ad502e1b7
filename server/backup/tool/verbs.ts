import { makeBackup } from './make-backup.js'
import { checkTarget, copy, download, info, kit, list, prune, verify } from './read-verbs.js'
import {
  databaseCopy,
  drillBackup,
  maintenanceEnd,
  restoreCache,
  restoreDrop,
  restoreLoad,
  restoreObjectsOf,
  restoreSwap,
  restoreSwapBack,
} from './restore-verbs.js'
import type { Verb } from './verb.js'

/** What the program can do, by the word that it is called with. */
export const VERBS: Readonly<Record<string, Verb>> = {
  create: makeBackup,
  list,
  info,
  kit,
  verify,
  prune,
  copy,
  download,
  drill: drillBackup,
  'check-target': checkTarget,
  'restore-load': restoreLoad,
  'restore-swap': restoreSwap,
  'restore-swap-back': restoreSwapBack,
  'restore-drop': restoreDrop,
  'restore-objects': restoreObjectsOf,
  'restore-cache': restoreCache,
  'database-copy': databaseCopy,
  'maintenance-end': maintenanceEnd,
}
