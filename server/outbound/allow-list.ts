import { type AddressBytes, inRange, parseAddress, parseCidr, unmapAddress } from './addresses.js'

/** What the operator opened although it is not the public internet; see {@link parseAllowList}. */
export interface AllowList {
  /** Whether this name and port may be called wherever the name leads. */
  allowsHost(host: string, port: number): boolean
  /** Whether this address and port may be called. */
  allowsAddress(address: string, port: number): boolean
  /** Whether the port was opened by name, so that the port deny-list does not apply. */
  namesPort(host: string, port: number): boolean
}

interface Entry {
  readonly host?: string
  readonly cidr?: { bytes: AddressBytes; bits: number }
  readonly port?: number
}

/**
 * Reads the operator's list: `10.0.0.0/8`, `fd12::/16`, `127.0.0.1:9000`, `[::1]:9000`,
 * `ollama.internal`, `ollama.internal:11434` or `*.svc.internal`. An entry with a port opens that port
 * only. Throws TypeError naming the entry that is none of these, so that a typing error never widens
 * or silently empties the list.
 */
export function parseAllowList(texts: readonly string[]): AllowList {
  const entries = texts.map(parseEntry)
  const matches = (entry: Entry, port: number) => entry.port === undefined || entry.port === port
  return {
    allowsHost: (host, port) => entries.some((e) => hostMatches(e, host) && matches(e, port)),
    allowsAddress: (address, port) => entries.some((e) => addressMatches(e, address) && matches(e, port)),
    namesPort: (host, port) =>
      entries.some((e) => e.port === port && (hostMatches(e, host) || addressMatches(e, host))),
  }
}

function hostMatches(entry: Entry, host: string): boolean {
  if (entry.host === undefined) return false
  return entry.host.startsWith('*.') ? host.endsWith(entry.host.slice(1)) : host === entry.host
}

function addressMatches(entry: Entry, address: string): boolean {
  const bytes = entry.cidr === undefined ? undefined : parseAddress(address)
  return bytes !== undefined && entry.cidr !== undefined && inRange(unmapAddress(bytes), entry.cidr)
}

const HOST = /^(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/

function parseEntry(text: string): Entry {
  const cidr = parseCidr(text)
  if (cidr !== undefined) return { cidr: { ...cidr, bytes: unmapped(cidr, text) } }
  const [, host = text, portText] = /^(.*):(\d{1,5})$/.exec(text) ?? []
  const port = portText === undefined ? {} : { port: Number(portText) }
  const literal = parseCidr(host.replace(/^\[(.*)\]$/, '$1'))
  if (literal !== undefined) return { cidr: literal, ...port }
  const name = host.toLowerCase()
  if (!HOST.test(name) || /^[0-9.]+$/.test(name))
    throw new TypeError(`not a host, address or CIDR range: ${text}`)
  return { host: name, ...port }
}

/** A mapped range would never match, because addresses are unmapped before they are compared. */
function unmapped(cidr: { bytes: AddressBytes }, text: string): AddressBytes {
  if (unmapAddress(cidr.bytes) === cidr.bytes) return cidr.bytes
  throw new TypeError(`write the IPv4 address instead of its IPv6-mapped form: ${text}`)
}
