import { join } from 'node:path'

/** Where everything of one deployment lives. */
export interface DeploymentPaths {
  config: string
  secrets: string
  lock: string
  journal: string
  data: string
  logs: string
  run: string
  mail: string
  objects: string
  /** Backups, unless vetrai.yml names other targets. */
  backups: string
  /** What whoever makes backups reads: where they go, and the sealed kit. Written by the command line only. */
  recovery: string
  /** The upgrade that goes on, or the last one. */
  upgrade: string
  /** Files made from vetrai.yml for containers; never edited. */
  generated: string
  /** The rendered Compose file. */
  compose: string
  /** People's own changes to it, honoured and never written. */
  composeOverride: string
}

export const CONFIG_FILE = 'vetrai.yml'

/** Names the parts of a deployment directory; touches nothing. */
export function deploymentPaths(dir: string): DeploymentPaths {
  return {
    config: join(dir, CONFIG_FILE),
    secrets: join(dir, 'secrets'),
    lock: join(dir, 'lock.json'),
    journal: join(dir, 'journal'),
    data: join(dir, 'data'),
    logs: join(dir, 'logs'),
    run: join(dir, 'run'),
    mail: join(dir, 'mail'),
    objects: join(dir, 'objects'),
    backups: join(dir, 'backups'),
    recovery: join(dir, 'recovery'),
    upgrade: join(dir, 'upgrade.json'),
    generated: join(dir, 'generated'),
    compose: join(dir, 'compose.yaml'),
    composeOverride: join(dir, 'compose.override.yaml'),
  }
}
