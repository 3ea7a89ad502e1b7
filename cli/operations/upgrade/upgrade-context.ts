import type { Deployment } from '../../deployment/deployment.js'
import type { Progress, Runtime } from '../../runtimes/runtime.js'
import type { UpgradeHost } from '../../runtimes/upgrade-host.js'
import type { RollbackCondition } from './rollback-conditions.js'

/** Name of an upgrade in the journal. */
export const UPGRADE = 'upgrade'

/** What an upgrade works with. */
export interface UpgradeContext {
  deployment: Deployment
  runtime: Runtime
  host: UpgradeHost
  progress: Progress
}

/** How an upgrade is to be made. */
export interface UpgradeOptions {
  /** Image of the new version; else what vetrai.yml and this command line bring. */
  to?: string | undefined
  rollbackOn: readonly RollbackCondition[]
  /** How long the new version is watched before it counts as good. */
  watchS: number
  /** Longest that the new server may take to be ready. */
  readyWithinS: number
  /** Keeps the data of the version before after a success. */
  keepOld: boolean
  /** Goes without a backup of its own: somebody has made one otherwise. */
  skipBackup: boolean
}
