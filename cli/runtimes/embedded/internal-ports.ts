import type { Deployment } from '../../deployment/deployment.js'
import { CliError } from '../../deployment/errors.js'
import { findFreePort, isPortFree } from '../../deployment/free-port.js'
import { describePortHolder } from '../../deployment/port-holder.js'

/**
 * Gives the loopback port of a store: chosen once and remembered in lock.json. A port that another
 * program has taken meanwhile is replaced, and `note` is told whose it is now. `inUse` lists ports
 * that our own running children hold.
 */
export async function internalPort(
  deployment: Deployment,
  name: string,
  options: { inUse: number[]; note: (text: string) => void },
): Promise<number> {
  const remembered = deployment.lock.ports[name]
  if (remembered !== undefined) {
    if (options.inUse.includes(remembered) || (await isPortFree(remembered))) return remembered
    const holder = await describePortHolder(remembered)
    options.note(`port ${remembered} of ${name} is now held by ${holder}; another was chosen`)
  }
  const port = await findFreePort()
  await deployment.updateLock((lock) => ({ ...lock, ports: { ...lock.ports, [name]: port } }))
  return port
}

/** Refuses with CliError `port_taken` when another program listens where the server should. */
export async function requirePublicPort({ host, port }: { host: string; port: number }): Promise<void> {
  if (await isPortFree(port, host)) return
  throw new CliError({
    code: 'port_taken',
    message: `Port ${port} on ${host} is held by ${await describePortHolder(port)}.`,
    next: `Stop that program, or choose another port: vetrai config set port ${await findFreePort(host)}`,
  })
}
