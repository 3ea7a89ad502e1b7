import { TENANT_VERBS } from '../tenant/tool-verbs.js'
import { makeBackup } from './make-backup.js'
import { copy, download, info, kit, verify } from './read-verbs.js'
import {
  drillBackup,
  maintenanceEnd,
  restoreCache,
  restoreCheck,
  restoreDrop,
  restoreLoad,
  restoreObjectsOf,
  restoreSwap,
  restoreSwapBack,
} from './restore-verbs.js'
import { checkTarget, list, prune } from './target-verbs.js'
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
  'restore-check': restoreCheck,
  'restore-load': restoreLoad,
  'restore-swap': restoreSwap,
  'restore-swap-back': restoreSwapBack,
  'restore-drop': restoreDrop,
  'restore-objects': restoreObjectsOf,
  'restore-cache': restoreCache,
  'maintenance-end': maintenanceEnd,
  ...TENANT_VERBS,
}
