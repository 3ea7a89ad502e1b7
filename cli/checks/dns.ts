import { isIPv6 } from 'node:net'
import type { DeploymentConfig } from '../deployment/schema.js'
import { type Check, type Finding, fail, ok, warn } from './check.js'
import { type KnownAddresses, lookUpDomain, ownAddresses } from './domain-addresses.js'

/** The deployment’s domain leads to this host. */
export const dns: Check = {
  name: 'dns',
  title: 'Domain',
  stages: ['doctor'],
  remedy:
    'Correct its records where your domain is administered: A (and AAAA) name the public address of this host.',
  run: async ({ deployment }) => {
    const domain = deployment && servedDomain(deployment.config)
    if (!domain) return undefined
    const { certificates } = deployment.config.proxy
    return judgeDomain(domain, await lookUpDomain(domain), { own: ownAddresses(), certificates })
  },
}

/** The domain that a proxy of the deployment's own serves; undefined when there is none. */
export function servedDomain({ runtime, proxy }: DeploymentConfig): string | undefined {
  return runtime === 'compose' ? proxy.domain : undefined
}

/** Judges where a domain leads. Behind a router or a CDN its address is not one of this host's, and all is well. */
export function judgeDomain(
  domain: string,
  { addresses, isLocalOnly }: KnownAddresses,
  { own, certificates }: { own: ReadonlySet<string>; certificates: 'public' | 'internal' },
): Finding {
  if (addresses.length === 0) {
    return fail(
      `${domain} leads nowhere`,
      `Make an A record (and AAAA, if this host has IPv6) for ${domain} with the public address of this host, and wait until it is known.`,
    )
  }
  const list = `${domain} is ${addresses.join(', ')}`
  if (isLocalOnly && certificates === 'public') {
    return warn(`${list}, but only this host knows it (/etc/hosts): no authority will issue a certificate`)
  }
  const foreign = addresses.filter((address) => !own.has(address))
  if (foreign.length === 0) return ok(`${list}, this host`)
  if (foreign.length < addresses.length && foreign.every(isIPv6)) {
    return warn(
      `${list}, but ${foreign.join(', ')} is no address of this host`,
      `Correct or remove the AAAA record: who prefers IPv6, as authorities do, does not arrive here.`,
    )
  }
  return warn(
    `${list}, no address of this host itself`,
    'Behind a router (NAT) or a CDN such as Cloudflare this is right, if it passes ports 80 and 443 on to here. Else correct the A record.',
  )
}
