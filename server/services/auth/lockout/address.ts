import { isIP } from 'node:net'

/**
 * The address that counts as one caller: IPv4 as it is, IPv6 by its /64 (a household is handed at least that
 * much, RFC 6177), an IPv4-mapped IPv6 address as its IPv4. Any spelling of an address has one result; text that
 * is no address is `unknown`, one caller together.
 */
export function canonicalAddress(address: string | undefined): string {
  const bare = (address ?? '')
    .trim()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/%.*$/, '')
  const family = isIP(bare)
  if (family === 4) return bare
  if (family !== 6) return 'unknown'
  const groups = expand(bare)
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = groups
  const mapped = [a, b, c, d, e].every((group) => group === 0) && f === 0xffff
  if (mapped) return [g >> 8, g & 255, h >> 8, h & 255].join('.')
  return `${[a, b, c, d].map((group) => group.toString(16)).join(':')}::/64`
}

/** The eight 16-bit groups of a valid IPv6 address (RFC 4291 section 2.2), `::` and a dotted tail resolved. */
function expand(address: string): number[] {
  const [head = '', tail] = address.split('::')
  const left = groupsOf(head)
  if (tail === undefined) return left
  const right = groupsOf(tail)
  return [...left, ...new Array<number>(8 - left.length - right.length).fill(0), ...right]
}

function groupsOf(text: string): number[] {
  if (text === '') return []
  return text.split(':').flatMap((part) => {
    if (!part.includes('.')) return [Number.parseInt(part, 16)]
    const [a = 0, b = 0, c = 0, d = 0] = part.split('.').map(Number)
    return [a * 256 + b, c * 256 + d]
  })
}
