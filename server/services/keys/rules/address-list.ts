import { isIP } from 'node:net'

/** A range of addresses: the first address as a number, and how many leading bits all members share. */
export type AddressRange = { readonly family: 4 | 6; readonly base: bigint; readonly prefix: number }

type Address = { readonly family: 4 | 6; readonly value: bigint }

const BITS = { 4: 32, 6: 128 } as const
const MAPPED_PREFIX = 0xffffn
const RANGE_MAX_LENGTH = 64

/**
 * Reads one IPv4 or IPv6 address or CIDR range (RFC 4632, RFC 4291). IPv4-mapped IPv6 becomes IPv4. Answers
 * undefined for anything else, and for a range with bits set behind its prefix, which is most often a typing
 * error that would admit more than was meant.
 */
export function parseAddressRange(text: string): AddressRange | undefined {
  if (text.length > RANGE_MAX_LENGTH || text.includes('%')) return undefined
  const [addressText = '', prefixText, ...rest] = text.split('/')
  if (rest.length > 0) return undefined
  const written = isIP(addressText)
  const address = parseAddress(addressText)
  if (!address || (written !== 4 && written !== 6)) return undefined

  const writtenPrefix = prefixText === undefined ? BITS[written] : parsePrefix(prefixText, BITS[written])
  if (writtenPrefix === undefined) return undefined
  const prefix = written === 6 && address.family === 4 ? writtenPrefix - 96 : writtenPrefix
  if (prefix < 0) return undefined
  const hostBits = BigInt(BITS[address.family] - prefix)
  if ((address.value >> hostBits) << hostBits !== address.value) return undefined
  return { family: address.family, base: address.value, prefix }
}

/** Writes a range in its one canonical form: dotted IPv4 or RFC 5952 IPv6, `/prefix` left out for one address. */
export function formatAddressRange(range: AddressRange): string {
  const address = range.family === 4 ? formatV4(range.base) : formatV6(range.base)
  return range.prefix === BITS[range.family] ? address : `${address}/${range.prefix}`
}

/**
 * Whether an address is inside one of the ranges. An IPv4-mapped IPv6 address counts as its IPv4 address, a
 * zone id is ignored, and text that is not an address is inside nothing.
 */
export function addressAllowed(ranges: readonly AddressRange[], addressText: string): boolean {
  const address = parseAddress(addressText)
  return address !== undefined && ranges.some((range) => contains(range, address))
}

/** Whether every address of `inner` is in one range of `outer`, each inner range in a single outer one. */
export function rangesCover(outer: readonly AddressRange[], inner: readonly AddressRange[]): boolean {
  return inner.every(({ family, base, prefix }) =>
    outer.some((range) => range.prefix <= prefix && contains(range, { family, value: base })),
  )
}

function contains(range: AddressRange, address: Address): boolean {
  if (range.family !== address.family) return false
  const hostBits = BigInt(BITS[range.family] - range.prefix)
  return address.value >> hostBits === range.base >> hostBits
}

function parseAddress(text: string): Address | undefined {
  const zone = text.indexOf('%')
  const bare = zone === -1 ? text : text.slice(0, zone)
  const version = isIP(bare)
  if (version === 4) return { family: 4, value: v4Value(bare) }
  if (version !== 6) return undefined
  const value = v6Value(bare)
  return value >> 32n === MAPPED_PREFIX ? { family: 4, value: value & 0xffff_ffffn } : { family: 6, value }
}

function parsePrefix(text: string, max: number): number | undefined {
  if (!/^(?:0|[1-9][0-9]{0,2})$/.test(text)) return undefined
  const prefix = Number(text)
  return prefix <= max ? prefix : undefined
}

function v4Value(text: string): bigint {
  return text.split('.').reduce((value, part) => (value << 8n) | BigInt(part), 0n)
}

function v6Value(text: string): bigint {
  const lastColon = text.lastIndexOf(':')
  const tail = text.slice(lastColon + 1)
  // Embedded dotted form (::ffff:1.2.3.4) is rewritten to two hexadecimal groups first.
  const plain = tail.includes('.')
    ? `${text.slice(0, lastColon + 1)}${(v4Value(tail) >> 16n).toString(16)}:${(v4Value(tail) & 0xffffn).toString(16)}`
    : text
  const [head = '', rest] = plain.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = rest === undefined || rest === '' ? [] : rest.split(':')
  const groups = [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right]
  return groups.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n)
}

function formatV4(value: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join('.')
}

function formatV6(value: bigint): string {
  const groups = Array.from({ length: 8 }, (_, i) => ((value >> BigInt(112 - 16 * i)) & 0xffffn).toString(16))
  // The URL parser writes the RFC 5952 form: longest run of zero groups shortened, lower case.
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1)
}
