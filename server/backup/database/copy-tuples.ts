import { BackupError } from '../backup-error.js'

const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1')
/** Signature, flags, length of the extension that nobody uses. */
const HEADER_BYTES = SIGNATURE.length + 8
/** What a binary COPY stream begins with, and what it ends with: a count of -1 columns. */
export const HEADER = Buffer.concat([SIGNATURE], HEADER_BYTES)
export const TRAILER = Buffer.from([0xff, 0xff])

/** The rows of one binary COPY stream without its header and trailer, so that several can be joined. */
export async function* copyTuples(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let head: Buffer | undefined = Buffer.alloc(0)
  let held: Buffer = Buffer.alloc(0)
  for await (const chunk of body) {
    let bytes = chunk
    if (head) {
      head = Buffer.concat([head, chunk])
      if (head.length < HEADER_BYTES) continue
      checkHeader(head)
      bytes = head.subarray(HEADER_BYTES)
      head = undefined
    }
    // The last two bytes may be the trailer; they wait for what follows.
    const joined: Buffer = held.length > 0 ? Buffer.concat([held, bytes]) : bytes
    const cut = Math.max(0, joined.length - TRAILER.length)
    held = Buffer.from(joined.subarray(cut))
    if (cut > 0) yield joined.subarray(0, cut)
  }
  if (head || !held.equals(TRAILER)) throw damaged()
}

function checkHeader(head: Buffer): void {
  const isPlain = head.readUInt32BE(SIGNATURE.length) === 0 && head.readUInt32BE(SIGNATURE.length + 4) === 0
  if (!head.subarray(0, SIGNATURE.length).equals(SIGNATURE) || !isPlain) throw damaged()
}

function damaged(): BackupError {
  return new BackupError({
    code: 'part_damaged',
    message: 'a part of a table is no whole binary COPY stream',
    next: 'The backup is damaged. Verify it, and use another one.',
  })
}
