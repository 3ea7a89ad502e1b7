import { lookup, Resolver } from 'node:dns/promises'
import { networkInterfaces } from 'node:os'

const TIMEOUT_MS = 2_500

/** What is known of a domain's addresses. */
export interface KnownAddresses {
  addresses: string[]
  /** True where name servers know nothing, only this host's own table does. */
  isLocalOnly: boolean
}

/** Asks name servers, as the rest of the world does, and this host's own table only where they know nothing. */
export async function lookUpDomain(domain: string, servers?: string[]): Promise<KnownAddresses> {
  const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: 1 })
  if (servers) resolver.setServers(servers)
  const found = await Promise.all(
    [resolver.resolve4(domain), resolver.resolve6(domain)].map((asked) => asked.catch(() => [])),
  )
  const addresses = found.flat()
  if (addresses.length > 0) return { addresses, isLocalOnly: false }
  const local = await lookup(domain, { all: true }).catch(() => [])
  return { addresses: local.map(({ address }) => address), isLocalOnly: local.length > 0 }
}

/** Every address of this host's network interfaces. */
export function ownAddresses(): Set<string> {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
  return new Set(all.map(({ address }) => address))
}
