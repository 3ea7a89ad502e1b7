import { randomBytes } from 'node:crypto'
import { v7 } from 'uuid'

/** A new UUIDv7 (RFC 9562): sorts by creation time within this process. */
export function newId(): string {
  return v7()
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i

/** True for any RFC 9562 UUID in its hyphenated text form. */
export function isUuid(text: string): boolean {
  return UUID.test(text)
}

let pool = Buffer.alloc(0)
let used = 0

/** A request id: 32 hexadecimal characters, random; drawn from a pooled CSPRNG read because every request needs one. */
export function newRequestId(): string {
  if (used + 16 > pool.length) {
    pool = randomBytes(4096)
    used = 0
  }
  const id = pool.toString('hex', used, used + 16)
  used += 16
  return id
}
