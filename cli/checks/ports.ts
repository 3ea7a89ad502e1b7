import { isPortFree } from '../deployment/free-port.js'
import { findPortHolder, type PortHolder } from '../deployment/port-holder.js'
import { type Check, type CheckContext, type Finding, fail, ok } from './check.js'

/** The server's port is free, or held by this very deployment. */
export const ports: Check = {
  name: 'ports',
  title: 'Ports',
  stages: ['up', 'doctor'],
  remedy: 'Stop the program that holds the port, or choose another: vetrai config set port 8001',
  run: async (context) => {
    const { deployment } = context
    if (deployment === undefined) return undefined
    const { host, port } = deployment.config
    if (await isPortFree(port, host)) return ok(`${port} is free`)
    return judgeHolder(port, await findPortHolder(port), ownPids(context))
  },
}

/** Judges a port that is taken: our own processes may hold it, nobody else. */
export function judgeHolder(port: number, holder: PortHolder | undefined, own: ReadonlySet<number>): Finding {
  if (!holder) return fail(`${port} is held by a program of another user, or may not be listened on`)
  if (own.has(holder.pid)) return ok(`${port} is held by this deployment`)
  return fail(`${port} is held by ${holder.name} (pid ${holder.pid})`)
}

function ownPids({ status }: CheckContext): Set<number> {
  return new Set(status?.components.flatMap(({ pid }) => (pid === null ? [] : [pid])))
}
