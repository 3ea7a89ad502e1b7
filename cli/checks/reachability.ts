import { randomBytes } from 'node:crypto'
import type { Deployment } from '../deployment/deployment.js'
import { type Check, type Finding, fail, ok, warn } from './check.js'
import { servedDomain } from './dns.js'
import { lookUpDomain, ownAddresses } from './domain-addresses.js'
import { type Answer, fetchAnswer, serveProbe } from './probe.js'

const PROBE_PATH = '/.well-known/vetrai-probe/'

/** What asking by the domain's name came to. */
export interface ReachOutcome {
  url: string
  answer: Answer
  /** What our own answer is. */
  expected: string
}

/**
 * Who asks by the domain's name arrives here. While the deployment runs it is asked itself; else this program listens on
 * the HTTP port for a moment and looks whether its own word comes back.
 */
export const reachability: Check = {
  name: 'reachability',
  title: 'Reachable by name',
  stages: ['doctor'],
  remedy:
    'Let ports 80 and 443 through: in the firewall of this host, of the provider, and forwarded in the router. Leave this out with: vetrai doctor --skip reachability',
  last: true,
  run: async ({ deployment, status }) => {
    const domain = deployment && servedDomain(deployment.config)
    const { addresses } = domain ? await lookUpDomain(domain) : { addresses: [] }
    // A name that leads nowhere is the other check's finding.
    if (!domain || addresses.length === 0) return undefined
    const outcome = status?.components.some(({ name, state }) => name === 'proxy' && state === 'running')
      ? await askDeployment(deployment, domain)
      : await askProbe(deployment, domain)
    if ('level' in outcome) return outcome
    const own = ownAddresses()
    return judgeReach(
      outcome,
      addresses.some((address) => own.has(address)),
    )
  },
}

/** Judges an answer. No answer is no proof against a domain that leads through a router: many do not turn calls round. */
export function judgeReach({ url, answer, expected }: ReachOutcome, leadsHere: boolean): Finding {
  if ('error' in answer) {
    const detail = `${url}: ${answer.error}`
    if (answer.isCertificate) return fail(detail, 'See why no certificate was issued: vetrai logs proxy')
    if (leadsHere) return fail(detail)
    return warn(
      `${detail}, asked from this host itself`,
      'Some routers let no call out and in again: try it from elsewhere, such as a phone without WLAN. If it fails there too, forward ports 80 and 443 to this host.',
    )
  }
  if (answer.body.includes(expected)) return ok(`${url} arrives here`)
  if (answer.status >= 300 && answer.status < 400) {
    return warn(
      `${url} is redirected to ${answer.location ?? 'elsewhere'} by something in front of this host`,
      'A CDN may do so; let it pass /.well-known/ on as it is, or certificates cannot be issued over port 80.',
    )
  }
  return fail(
    `${url} is answered by another server (status ${answer.status})`,
    'The domain leads to another machine, or another program answers there: correct its record, or stop that program.',
  )
}

async function askDeployment({ config }: Deployment, domain: string): Promise<ReachOutcome> {
  const { https_port, certificates } = config.proxy
  const url = `https://${domain}${https_port === 443 ? '' : `:${https_port}`}/readyz`
  const answer = await fetchAnswer(url, { verify: certificates === 'public' })
  return { url, answer, expected: '"schema_version"' }
}

async function askProbe({ config }: Deployment, domain: string): Promise<ReachOutcome | Finding> {
  const [token, expected] = [randomBytes(16).toString('hex'), randomBytes(16).toString('hex')]
  const { host, http_port } = config.proxy
  const probe = await serveProbe({ host, port: http_port, path: `${PROBE_PATH}${token}`, body: expected })
  if ('error' in probe) {
    const detail = `this program may not listen on port ${http_port} (${probe.error}), so nothing was tried`
    return warn(detail, 'Run it as root, or start the deployment and ask again.')
  }
  try {
    const url = `http://${domain}${PROBE_PATH}${token}`
    return { url: `http://${domain}`, answer: await fetchAnswer(url, { verify: true }), expected }
  } finally {
    await probe.close()
  }
}
