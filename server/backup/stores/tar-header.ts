/** Every header of a tar archive, and every file in it, begins at a multiple of this. */
export const BLOCK = 512

/** What an archive says of a file in it. */
export interface TarHeader {
  readonly name: string
  readonly size: number
}

/** Where what stands in a header (POSIX ustar), in bytes. */
const FIELDS = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  type: [156, 1],
  magic: [257, 8],
  prefix: [345, 155],
} as const
type Field = keyof typeof FIELDS

const MAGIC = 'ustar\x0000'
const REGULAR = '0'
/** What eleven octal digits hold; more is written in binary, as GNU tar does. */
const MOST_OCTAL = 8 ** 11 - 1

/** The header of a regular file that only its owner may read: every tar program reads it. */
export function encodeHeader({ name, size }: TarHeader, modifiedAt: Date): Buffer {
  const block = Buffer.alloc(BLOCK)
  const [prefix, last] = split(name)
  put(block, 'name', last)
  put(block, 'prefix', prefix)
  put(block, 'mode', octal(0o600, 7))
  put(block, 'uid', octal(0, 7))
  put(block, 'gid', octal(0, 7))
  if (size <= MOST_OCTAL) put(block, 'size', octal(size, 11))
  else {
    const [start, length] = FIELDS.size
    block[start] = 0x80
    block.writeBigUInt64BE(BigInt(size), start + length - 8)
  }
  put(block, 'mtime', octal(Math.floor(modifiedAt.getTime() / 1000), 11))
  put(block, 'type', REGULAR)
  put(block, 'magic', MAGIC)
  put(block, 'checksum', `${octal(checksum(block), 6)}\0 `)
  return block
}

/** What a header says; undefined for a block that is no header of a regular file, or a damaged one. */
export function decodeHeader(block: Buffer): TarHeader | undefined {
  if (block.length !== BLOCK || text(block, 'magic') !== MAGIC || text(block, 'type') !== REGULAR)
    return undefined
  if (Number.parseInt(text(block, 'checksum'), 8) !== checksum(block)) return undefined
  const size = sizeOf(block)
  if (size === undefined) return undefined
  const [prefix, last] = [upToNull(text(block, 'prefix')), upToNull(text(block, 'name'))]
  return { name: prefix === '' ? last : `${prefix}/${last}`, size }
}

/** Bytes that a file takes, filled up to whole blocks. */
export function blocksOf(size: number): number {
  return Math.ceil(size / BLOCK) * BLOCK
}

/** A name of more than a hundred bytes is cut at a slash. */
function split(name: string): [string, string] {
  if (name.length <= 100) return ['', name]
  const slash = name.indexOf('/', name.length - 101)
  if (slash < 0 || slash > 155) throw new RangeError('the name is too long for a tar archive')
  return [name.slice(0, slash), name.slice(slash + 1)]
}

function sizeOf(block: Buffer): number | undefined {
  const [start, length] = FIELDS.size
  const isBinary = block[start] === 0x80
  const digits = upToNull(text(block, 'size')).trim()
  if (!isBinary && !/^[0-7]{1,12}$/.test(digits)) return undefined
  const size = isBinary ? Number(block.readBigUInt64BE(start + length - 8)) : Number.parseInt(digits, 8)
  return Number.isSafeInteger(size) ? size : undefined
}

/** The sum of all bytes, the checksum itself taken for blanks. */
function checksum(block: Buffer): number {
  const [start, length] = FIELDS.checksum
  let sum = 0
  for (const [at, byte] of block.entries()) sum += at >= start && at < start + length ? 0x20 : byte
  return sum
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0')
}

function put(block: Buffer, field: Field, value: string): void {
  const [start, length] = FIELDS[field]
  block.write(value, start, length, 'latin1')
}

function text(block: Buffer, field: Field): string {
  const [start, length] = FIELDS[field]
  return block.toString('latin1', start, start + length)
}

function upToNull(value: string): string {
  const end = value.indexOf('\0')
  return end < 0 ? value : value.slice(0, end)
}
