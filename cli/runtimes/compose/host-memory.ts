import { totalmem } from 'node:os'
import type { DeploymentConfig } from '../../deployment/schema.js'

const MB = 1024 * 1024
/** Steps that the host's memory is rounded down to: kernels differ by some, and no container should be made anew for that. */
const STEP_MB = 512

/** Memory in MB that containers are sized for: what vetrai.yml says, else what the host has. */
export async function memoryOf({ resources }: Pick<DeploymentConfig, 'resources'>): Promise<number> {
  return resources.memory_mb ?? hostMemory()
}

/** Memory of this host in MB, rounded down to half a gigabyte and never below one. */
export function hostMemory(): number {
  return Math.max(1_024, Math.floor(totalmem() / MB / STEP_MB) * STEP_MB)
}
