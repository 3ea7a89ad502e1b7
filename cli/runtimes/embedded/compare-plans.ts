import { type ChildPlan, fingerprint } from './plan.js'

/** Why a child must be made anew, in words without any value, as settings may be secret; empty when it may run on. */
export function differences(running: ChildPlan, wanted: ChildPlan): string[] {
  if (fingerprint(running) === fingerprint(wanted)) return []
  const changedSettings = changedNames(running.env, wanted.env)
  const reasons = [
    running.version !== wanted.version && `version ${running.version} becomes ${wanted.version}`,
    changedSettings.length > 0 && `settings changed: ${changedSettings.join(', ')}`,
    running.user?.name !== wanted.user?.name && `it will run as ${wanted.user?.name ?? 'you'}`,
    running.cwd !== wanted.cwd && `its folder is ${wanted.cwd} now`,
    running.code !== wanted.code && codeReason(running, wanted),
  ].filter((reason) => reason !== false)
  return reasons.length > 0 ? reasons : ['it is started in another way']
}

/** Stores have settings of their own for a code, programs what they are built from. */
function codeReason(running: ChildPlan, wanted: ChildPlan): string {
  if (wanted.health.kind !== 'http') return 'its port or number of connections changed'
  const [before, after] = [running.code.split(':'), wanted.code.split(':')]
  if (before[0] !== after[0]) return 'its program was built anew'
  return before[1] !== after[1] ? 'a secret that it reads changed' : 'other settings for backups'
}

function changedNames(before: NodeJS.ProcessEnv, after: NodeJS.ProcessEnv): string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()
  return names.filter((name) => before[name] !== after[name])
}
