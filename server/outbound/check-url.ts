import { classifyAddress, parseAddress } from './addresses.js'
import type { AllowList } from './allow-list.js'
import { OutboundRefusedError } from './errors.js'

/** The rules a URL and the addresses behind it are held to. */
export interface UrlPolicy {
  readonly allow: AllowList
  readonly denyPorts: ReadonlySet<number>
  /** Refuses plain http. */
  readonly httpsOnly: boolean
  /** Refuses plain http except to what the operator opened. */
  readonly tlsUnlessOpened?: boolean
}

/** An http(s) URL that passed every check that needs no name resolution. */
export interface CheckedUrl {
  readonly url: URL
  /** Lower case, without brackets and without a trailing dot. */
  readonly host: string
  readonly port: number
}

const MAX_URL_LENGTH = 8192

/**
 * Parses and checks a URL before any name is resolved: scheme, userinfo, port, and the address when the
 * host is one in any spelling the WHATWG parser knows (`0x7f.1`, `2130706433`, `[::ffff:7f00:1]`).
 * Throws {@link OutboundRefusedError} with the reason's code.
 */
export function checkUrl(input: string | URL, policy: UrlPolicy): CheckedUrl {
  const url = parseUrl(String(input))
  if (url.protocol !== 'https:' && (url.protocol !== 'http:' || policy.httpsOnly)) {
    const wanted = policy.httpsOnly ? 'https' : 'http and https'
    throw new OutboundRefusedError('outbound.refused_scheme', `Only ${wanted} URLs are called.`)
  }
  if (url.username !== '' || url.password !== '') {
    throw new OutboundRefusedError(
      'outbound.refused_userinfo',
      'A URL must not hold a user name or password.',
    )
  }

  const host = hostOf(url)
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port)
  if (policy.denyPorts.has(port) && !policy.allow.namesPort(host, port)) {
    throw new OutboundRefusedError('outbound.refused_port', `Port ${port} is not called.`, { port })
  }
  if (parseAddress(host) !== undefined) checkAddress(host, { host, port }, policy)
  else checkName(host, port, policy)
  if (policy.tlsUnlessOpened && url.protocol === 'http:' && !isOpened(host, port, policy)) {
    throw new OutboundRefusedError(
      'outbound.refused_scheme',
      'Only https URLs are called, except to internal hosts on the list of those that may be called.',
    )
  }
  return { url, host, port }
}

/** Throws unless the address is public or opened by the operator, by its range or by the host's name. */
export function checkAddress(
  address: string,
  { host, port }: { host: string; port: number },
  policy: UrlPolicy,
): void {
  const is = classifyAddress(address)
  if (is === 'public' || policy.allow.allowsAddress(address, port) || policy.allow.allowsHost(host, port))
    return
  throw refusedAddress({ host, address, is })
}

function checkName(host: string, port: number, policy: UrlPolicy): void {
  if (isLocal(host) && !isOpened(host, port, policy)) throw refusedAddress({ host, is: 'loopback' })
}

/** RFC 6761: these names mean this machine whatever a resolver says. */
function isLocal(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost')
}

/** Whether the operator opened this very host: by its name, or by its address where that is what it is. */
function isOpened(host: string, port: number, { allow }: UrlPolicy): boolean {
  return allow.allowsHost(host, port) || allow.allowsAddress(isLocal(host) ? '127.0.0.1' : host, port)
}

function refusedAddress(details: Record<string, string>): OutboundRefusedError {
  return new OutboundRefusedError(
    'outbound.refused_address',
    'This host is not on the public internet and is not on the list of internal hosts that may be called.',
    details,
  )
}

function parseUrl(input: string): URL {
  const url = input.length <= MAX_URL_LENGTH ? tryParse(input) : undefined
  // `example.com:80/x` parses with the scheme `example.com:`; it falls to the scheme check.
  if (url === undefined || url.hostname === '') {
    if (url && url.protocol !== 'http:' && url.protocol !== 'https:') {
      throw new OutboundRefusedError('outbound.refused_scheme', 'Only http and https URLs are called.')
    }
    throw new OutboundRefusedError('outbound.invalid_url', 'This is not an absolute URL.')
  }
  return url
}

function tryParse(input: string): URL | undefined {
  try {
    return new URL(input)
  } catch {
    return undefined
  }
}

function hostOf(url: URL): string {
  return url.hostname
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '')
    .toLowerCase()
}

/**
 * Ports no web hook or model gateway listens on: the WHATWG "bad ports" that speak a line protocol,
 * and the data stores and control sockets of this product's own hosts.
 */
export const DEFAULT_DENY_PORTS: readonly number[] = [
  1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104,
  109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 138, 139, 143, 161, 162, 179, 389, 427, 445, 465, 512,
  513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 873, 989, 990, 993, 995, 1433,
  1521, 1719, 1720, 1723, 2049, 2181, 2375, 2376, 2379, 2380, 3306, 3389, 3659, 4045, 4190, 5060, 5061, 5432,
  5433, 5672, 5900, 5984, 6000, 6379, 6380, 6432, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 9042, 9092,
  9200, 9300, 10080, 10250, 11211, 27017,
]
