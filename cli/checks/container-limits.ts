import type { EngineFacts } from '../clients/engine-facts.js'
import { type Check, type Finding, ok, warn } from './check.js'

/** The engine can hold containers to their memory, so that one of them cannot take all. */
export const containerLimits: Check = {
  name: 'limits',
  title: 'Container limits',
  stages: ['doctor'],
  remedy:
    'Switch the memory controller on: add `cgroup_enable=memory swapaccount=1` to the kernel’s command line and restart the host.',
  run: async ({ engine }) => {
    const facts = await engine?.().catch(() => undefined)
    return facts && judgeLimits(facts)
  },
}

/** Judges what control groups the engine has. */
export function judgeLimits({
  limitsMemory,
  limitsSwap,
  cgroupVersion,
}: Pick<EngineFacts, 'limitsMemory' | 'limitsSwap' | 'cgroupVersion'>): Finding {
  if (!limitsMemory) return warn('this engine cannot limit the memory of containers')
  const detail = `memory is limited by control groups v${cgroupVersion}`
  return limitsSwap ? ok(detail) : ok(`${detail}; swap is not`)
}
