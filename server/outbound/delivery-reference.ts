import { createHmac, timingSafeEqual } from 'node:crypto'

/** Which message to whom: what a reference stands for. */
export interface DeliveryReference {
  /** All zeros for mail of the installation itself. */
  readonly tenantId: string
  readonly deliveryId: string
}

/** Letters of a reference: fewer than the 64 that the local part of an address may have (RFC 5321). */
export const REFERENCE = /^[a-z2-7]{63}$/

const MAC_BYTES = 7

/**
 * The name under which a message travels (Message-ID, envelope sender, status callbacks), always the same for the
 * same message and address. It is bound to the address by an HMAC: who saw a message's name can report of that
 * message and that address, and of nothing else.
 */
export function makeReference(key: Buffer, of: DeliveryReference, address: string): string {
  const ids = Buffer.concat([bytesOf(of.tenantId), bytesOf(of.deliveryId)])
  return encode(Buffer.concat([ids, macOf(key, ids, address)]))
}

/** What a reference stands for, with the one of the addresses that it was made for; null when it was for none. */
export function readReference(
  key: Buffer,
  text: string,
  addresses: readonly string[],
): (DeliveryReference & { address: string }) | null {
  const lower = text.toLowerCase()
  if (!REFERENCE.test(lower)) return null
  const bytes = decode(lower)
  const [ids, mac] = [bytes.subarray(0, 32), bytes.subarray(32)]
  const address = addresses.find((one) => timingSafeEqual(mac, macOf(key, ids, one)))
  if (address === undefined) return null
  return { tenantId: idOf(ids.subarray(0, 16)), deliveryId: idOf(ids.subarray(16)), address }
}

function macOf(key: Buffer, ids: Buffer, address: string): Buffer {
  return createHmac('sha256', key)
    .update(ids)
    .update(address.trim().toLowerCase())
    .digest()
    .subarray(0, MAC_BYTES)
}

function bytesOf(id: string): Buffer {
  const bytes = Buffer.from(id.replaceAll('-', ''), 'hex')
  if (bytes.length !== 16) throw new TypeError('a reference is made of two UUIDs')
  return bytes
}

function idOf(bytes: Buffer): string {
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** RFC 4648 base32 in lower case without padding: mail servers may change the case of a local part. */
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567'

function encode(bytes: Buffer): string {
  let [text, bits, value] = ['', 0, 0]
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xfff
    for (bits += 8; bits >= 5; bits -= 5) text += ALPHABET[(value >>> (bits - 5)) & 31]
  }
  return bits > 0 ? text + ALPHABET[(value << (5 - bits)) & 31] : text
}

function decode(text: string): Buffer {
  const bytes: number[] = []
  let [bits, value] = [0, 0]
  for (const letter of text) {
    value = ((value << 5) | ALPHABET.indexOf(letter)) & 0xfff
    bits += 5
    if (bits < 8) continue
    bits -= 8
    bytes.push((value >>> bits) & 0xff)
  }
  return Buffer.from(bytes)
}
