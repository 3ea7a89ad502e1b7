import type { Verb } from './verb.js'

/**
 * What the program can do, by the word that it is called with. Each is loaded when it is asked for: what reads tenants knows
 * every service, and what exchanges databases needs next to nothing.
 */
export const VERBS: Readonly<Record<string, () => Promise<Verb>>> = {
  create: async () => (await import('./make-backup.js')).makeBackup,
  list: async () => (await import('./target-verbs.js')).list,
  prune: async () => (await import('./target-verbs.js')).prune,
  'check-target': async () => (await import('./target-verbs.js')).checkTarget,
  info: async () => (await import('./read-verbs.js')).info,
  kit: async () => (await import('./read-verbs.js')).kit,
  verify: async () => (await import('./read-verbs.js')).verify,
  copy: async () => (await import('./read-verbs.js')).copy,
  download: async () => (await import('./read-verbs.js')).download,
  drill: async () => (await import('./restore-verbs.js')).drillBackup,
  'restore-check': async () => (await import('./restore-verbs.js')).restoreCheck,
  'restore-load': async () => (await import('./restore-verbs.js')).restoreLoad,
  'restore-objects': async () => (await import('./restore-verbs.js')).restoreObjectsOf,
  'restore-swap': async () => (await import('./swap-verbs.js')).restoreSwap,
  'restore-swap-back': async () => (await import('./swap-verbs.js')).restoreSwapBack,
  'restore-drop': async () => (await import('./swap-verbs.js')).restoreDrop,
  'restore-cache': async () => (await import('./swap-verbs.js')).restoreCache,
  'maintenance-end': async () => (await import('./swap-verbs.js')).maintenanceEnd,
  'tenant-export': async () => (await import('../tenant/tool-verbs.js')).tenantExport,
  'tenant-import': async () => (await import('../tenant/tool-verbs.js')).tenantImport,
  'tenant-restore': async () => (await import('../tenant/tool-verbs.js')).tenantRestore,
  'tenant-erase': async () => (await import('../tenant/tool-verbs.js')).tenantErase,
}
