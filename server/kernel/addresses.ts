import { BlockList, isIP } from 'node:net'

/**
 * One spelling for one address: IPv4-mapped IPv6 becomes IPv4, IPv6 is compressed and lower-case (RFC 5952),
 * zone ids go. Text that is no address answers `0.0.0.0`, so that it shares one limit with its like.
 */
export function canonicalAddress(text: string): string {
  const bare = text.split('%')[0] ?? ''
  const family = isIP(bare)
  if (family === 4) return bare
  if (family !== 6) return '0.0.0.0'
  const groups = groupsOf(bare)
  if (groups.slice(0, 5).every((g) => g === 0) && groups[5] === 0xffff) return lastFour(groups)
  return new URL(`http://[${bare}]/`).hostname.slice(1, -1)
}

/** What limits and lockouts count by: the IPv4 address, or the /64 that one IPv6 customer holds. */
export function addressSubject(canonical: string): string {
  if (isIP(canonical) !== 6) return canonical
  return `${groupsOf(canonical)
    .slice(0, 4)
    .map((g) => g.toString(16))
    .join(':')}::/64`
}

/** A list of addresses and CIDR ranges. Throws a RangeError that names the entry it cannot read. */
export function addressList(entries: readonly string[]): BlockList {
  const list = new BlockList()
  for (const entry of entries) {
    const { address, family, prefix } = rangeOf(entry)
    list.addSubnet(address, prefix, family === 6 ? 'ipv6' : 'ipv4')
  }
  return list
}

function rangeOf(entry: string): { address: string; family: number; prefix: number } {
  const [, address = '', bits] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(entry) ?? []
  const family = isIP(address)
  const max = family === 6 ? 128 : 32
  const prefix = bits === undefined ? max : Number(bits)
  // Wider than /96, a range that wraps IPv4 would mean every IPv4 address.
  const wrapsAll = family === 6 && isIP(canonicalAddress(address)) === 4 && prefix < 96
  if (family === 0 || prefix > max || wrapsAll) {
    throw new RangeError(`"${entry}" is neither an address nor a CIDR range`)
  }
  return { address, family, prefix }
}

/** Whether the list holds a canonical address. */
export function listHas(list: BlockList, canonical: string): boolean {
  return list.check(canonical, isIP(canonical) === 6 ? 'ipv6' : 'ipv4')
}

/**
 * The client's canonical address: the peer's, or, when the peer is a trusted proxy, the right-most address of
 * X-Forwarded-For that is not itself a trusted proxy. What a client writes further left is never believed.
 */
export function clientAddress(
  peer: string | undefined,
  forwardedFor: string | undefined,
  trusted: BlockList,
): string {
  let address = canonicalAddress(peer ?? '')
  if (forwardedFor === undefined || !listHas(trusted, address)) return address
  for (const hop of forwardedFor.split(',').reverse()) {
    if (isIP(hop.trim().split('%')[0] ?? '') === 0) return address
    address = canonicalAddress(hop.trim())
    if (!listHas(trusted, address)) return address
  }
  return address
}

function groupsOf(address: string): number[] {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address)
  const text = dotted
    ? `${dotted[1]}${((Number(dotted[2]) << 8) | Number(dotted[3])).toString(16)}:${((Number(dotted[4]) << 8) | Number(dotted[5])).toString(16)}`
    : address
  const [head = '', tail] = text.split('::')
  const left = head === '' ? [] : head.split(':').map((g) => Number.parseInt(g, 16))
  if (tail === undefined) return left
  const right = tail === '' ? [] : tail.split(':').map((g) => Number.parseInt(g, 16))
  return [...left, ...new Array<number>(8 - left.length - right.length).fill(0), ...right]
}

function lastFour(groups: number[]): string {
  const [high = 0, low = 0] = groups.slice(6)
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`
}
