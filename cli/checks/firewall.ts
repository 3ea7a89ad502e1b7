import { access, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isLoopback, type PublishedPort, publishedPorts } from '../deployment/published-ports.js'
import { type Check, type Finding, ok, warn } from './check.js'

/** Nobody believes that a firewall of this host guards ports which Docker opens past it. */
export const firewall: Check = {
  name: 'firewall',
  title: 'Firewall',
  stages: ['doctor'],
  remedy:
    'Guard them at a firewall in front of this host or by rules in the chain DOCKER-USER, or publish on one address only: vetrai config set proxy.host ADDRESS',
  run: async ({ engine, deployment }) => {
    const facts = await engine?.().catch(() => undefined)
    if (!facts?.isLocal || !deployment) return undefined
    return judgeFirewall(await activeFirewalls(), publishedPorts(deployment.config))
  },
}

/** Judges what stands open although a firewall is active; undefined where there is none. */
export function judgeFirewall(
  active: readonly string[],
  published: readonly PublishedPort[],
): Finding | undefined {
  if (active.length === 0) return undefined
  const names = active.join(' and ')
  const open = [...new Set(published.filter(({ host }) => !isLoopback(host)).map(({ port }) => port))]
  if (open.length === 0) return ok(`${names} active; nothing is published to other hosts`)
  return warn(
    `${names} active, but Docker’s published ports go past it: ${open.join(', ')} can be reached from anywhere`,
  )
}

/** Firewalls that are switched on, as their files say it; asking them would take root. */
export async function activeFirewalls(root = '/'): Promise<string[]> {
  const ufw = await readFile(join(root, 'etc/ufw/ufw.conf'), 'utf8').catch(() => '')
  const hasFirewalld = await access(join(root, 'run/firewalld.pid')).then(
    () => true,
    () => false,
  )
  return [...(/^\s*ENABLED=["']?yes/im.test(ufw) ? ['ufw'] : []), ...(hasFirewalld ? ['firewalld'] : [])]
}
