import { isIPv4, isIPv6 } from 'node:net'

/** Why an address is not the public internet; `public` is the only class that is. */
export type AddressClass =
  | 'public'
  | 'unspecified'
  | 'loopback'
  | 'private'
  | 'link-local'
  | 'carrier-nat'
  | 'multicast'
  | 'metadata'
  | 'documentation'
  | 'reserved'
  | 'invalid'

/** An IP address as its 4 or 16 bytes. */
export type AddressBytes = Uint8Array

interface Range {
  readonly bytes: AddressBytes
  readonly bits: number
  readonly is: AddressClass
}

/**
 * Tells whether a textual IP address is on the public internet (IANA special-purpose registries,
 * RFC 6890 and successors). IPv6 forms that carry an IPv4 address (mapped, compatible, translated,
 * NAT64, ISATAP) are judged by the address they carry; 6to4 and Teredo are refused whole. What is not
 * an address is `invalid`, and so not public.
 */
export function classifyAddress(address: string): AddressClass {
  const bytes = parseAddress(address)
  if (bytes === undefined) return 'invalid'
  return bytes.length === 4 ? classifyV4(bytes) : classifyV6(bytes)
}

/** Parses a strict dotted-quad or RFC 4291 IPv6 text (zone id dropped) to bytes; else undefined. */
export function parseAddress(address: string): AddressBytes | undefined {
  if (isIPv4(address)) return Uint8Array.from(address.split('.'), Number)
  if (!isIPv6(address)) return undefined
  return parseV6(address.replace(/%.*$/, ''))
}

/** Parses `a.b.c.d/n`, `x::y/n` or a bare address (all bits); undefined when it is neither. */
export function parseCidr(text: string): { bytes: AddressBytes; bits: number } | undefined {
  const [address = '', bitsText, ...rest] = text.split('/')
  const bytes = parseAddress(address)
  if (bytes === undefined || rest.length > 0) return undefined
  const width = bytes.length * 8
  if (bitsText === undefined) return { bytes, bits: width }
  if (!/^\d{1,3}$/.test(bitsText) || Number(bitsText) > width) return undefined
  return { bytes, bits: Number(bitsText) }
}

/** Whether the address lies in the range; different families never match. */
export function inRange(address: AddressBytes, range: { bytes: AddressBytes; bits: number }): boolean {
  if (address.length !== range.bytes.length) return false
  const whole = range.bits >> 3
  for (let i = 0; i < whole; i += 1) if (address[i] !== range.bytes[i]) return false
  const rest = range.bits & 7
  if (rest === 0) return true
  const mask = (0xff << (8 - rest)) & 0xff
  return ((address[whole] ?? 0) & mask) === ((range.bytes[whole] ?? 0) & mask)
}

/** The IPv4 address inside an IPv4-mapped IPv6 address (::ffff:a.b.c.d); any other is returned as it is. */
export function unmapAddress(address: AddressBytes): AddressBytes {
  return address.length === 16 && inRange(address, MAPPED) ? address.subarray(12) : address
}

function classifyV4(address: AddressBytes): AddressClass {
  return V4_RANGES.find((range) => inRange(address, range))?.is ?? 'public'
}

function classifyV6(address: AddressBytes): AddressClass {
  const special = V6_RANGES.find((range) => inRange(address, range))
  if (special !== undefined) return special.is
  if (CARRIES_V4_LAST.some((range) => inRange(address, range))) return classifyV4(address.subarray(12))
  // Only 2000::/3 is handed out as global unicast; the rest of the space is reserved.
  if (!inRange(address, GLOBAL_UNICAST)) return 'reserved'
  // ISATAP (RFC 5214): interface id 0000:5efe or 0200:5efe and an IPv4 address.
  const isIsatap =
    ((address[8] ?? 0) & 0xfd) === 0 && address[9] === 0 && address[10] === 0x5e && address[11] === 0xfe
  return isIsatap ? classifyV4(address.subarray(12)) : 'public'
}

/** RFC 4291 section 2.2 text, already accepted by isIPv6, to 16 bytes. */
function parseV6(text: string): AddressBytes {
  const [head = '', tail] = text.split('::')
  const left = groups(head)
  const right = tail === undefined ? [] : groups(tail)
  const zeros = new Array<number>(Math.max(0, 16 - left.length - right.length)).fill(0)
  return Uint8Array.from([...left, ...zeros, ...right])
}

function groups(part: string): number[] {
  if (part === '') return []
  return part.split(':').flatMap((group) => {
    if (group.includes('.')) return group.split('.').map(Number)
    const value = Number.parseInt(group, 16)
    return [value >> 8, value & 0xff]
  })
}

function ranges(table: Partial<Record<AddressClass, string[]>>): Range[] {
  return Object.entries(table).flatMap(([is, texts]) =>
    texts.map((text) => ({ ...range(text), is: is as AddressClass })),
  )
}

function range(text: string): { bytes: AddressBytes; bits: number } {
  const parsed = parseCidr(text)
  if (parsed === undefined) throw new TypeError(`not an address range: ${text}`)
  return parsed
}

const V4_RANGES = ranges({
  // 168.63.129.16 is Azure's host agent, the one metadata address outside the reserved blocks.
  metadata: ['169.254.169.254', '169.254.170.2', '100.100.100.200', '168.63.129.16', '192.0.0.192'],
  loopback: ['127.0.0.0/8'],
  unspecified: ['0.0.0.0/8'],
  private: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'],
  'link-local': ['169.254.0.0/16'],
  'carrier-nat': ['100.64.0.0/10'],
  multicast: ['224.0.0.0/4'],
  documentation: ['192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24'],
  reserved: [
    '192.0.0.0/24',
    '192.31.196.0/24',
    '192.52.193.0/24',
    '192.88.99.0/24',
    '192.175.48.0/24',
    '198.18.0.0/15',
    '240.0.0.0/4',
  ],
})

const V6_RANGES = ranges({
  unspecified: ['::/128'],
  loopback: ['::1/128'],
  metadata: ['fd00:ec2::254', 'fd20:ce::254', 'fd00:42::42'],
  private: ['fc00::/7', 'fec0::/10', '64:ff9b:1::/48'],
  'link-local': ['fe80::/10'],
  multicast: ['ff00::/8'],
  documentation: ['2001:db8::/32', '3fff::/20'],
  // 2001::/23 holds Teredo, ORCHID and benchmarking; 2002::/16 is 6to4; 100::/64 discards.
  reserved: ['100::/64', '2001::/23', '2002::/16', '2620:4f:8000::/48', '5f00::/16'],
})

const MAPPED = range('::ffff:0:0/96')
const CARRIES_V4_LAST = [MAPPED, range('::ffff:0:0:0/96'), range('::/96'), range('64:ff9b::/96')]
const GLOBAL_UNICAST = range('2000::/3')
