/** Every header of a tar archive, and every file in it, begins at a multiple of this. */
export const BLOCK = 512

/** What a bundle says of a part of it. */
export interface TarHeader {
  /** A plain name without folders. */
  name: string
  size: number
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
} as const
type Field = keyof typeof FIELDS

const MAGIC = 'ustar\x0000'
const REGULAR = '0'
/** What eleven octal digits hold; more is written in binary, as GNU tar does. */
const MOST_OCTAL = 8 ** 11 - 1

/** The header of a regular file that only its owner's copy may change: every tar program reads it. */
export function encodeHeader({ name, size }: TarHeader): Buffer {
  const block = Buffer.alloc(BLOCK)
  put(block, 'name', name)
  put(block, 'mode', octal(0o644, 7))
  put(block, 'uid', octal(0, 7))
  put(block, 'gid', octal(0, 7))
  if (size <= MOST_OCTAL) put(block, 'size', octal(size, 11))
  else {
    const [start, length] = FIELDS.size
    block[start] = 0x80
    block.writeBigUInt64BE(BigInt(size), start + length - 8)
  }
  put(block, 'mtime', octal(0, 11))
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
  const name = text(block, 'name').replace(/\0+$/, '')
  const size = sizeOf(block)
  return size === undefined ? undefined : { name, size }
}

function sizeOf(block: Buffer): number | undefined {
  const [start, length] = FIELDS.size
  const size =
    block[start] === 0x80
      ? Number(block.readBigUInt64BE(start + length - 8))
      : Number.parseInt(text(block, 'size'), 8)
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
