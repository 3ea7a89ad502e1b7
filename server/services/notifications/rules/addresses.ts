import { checkMailAddress, maskAddress } from '../../../outbound/mail-message.js'

/** Channels that reach a person by an address outside of this server. */
export const ADDRESSED = ['email', 'sms', 'push'] as const
export type AddressedChannel = (typeof ADDRESSED)[number]

/** A number as SMS providers take it (E.164). */
export const PHONE = /^\+[1-9]\d{6,14}$/

/** An address in the one spelling it is kept and compared in; null when it is none. */
export function normalAddress(channel: AddressedChannel, address: string): string | null {
  if (channel === 'sms') return normalPhone(address)
  if (channel === 'push') return normalEndpoint(address)
  try {
    return checkMailAddress(address.trim().toLowerCase())
  } catch {
    return null
  }
}

/** The number of a text people type, `+49 (151) 2345-678`; null when it is not international. */
export function normalPhone(text: string): string | null {
  const digits = text.trim().replace(/[ \u00a0().-]/g, '')
  return PHONE.test(digits) ? digits : null
}

/** Enough of an address to recognise it by. */
export function maskOf(channel: AddressedChannel, address: string): string {
  if (channel === 'email') return maskAddress(address)
  if (channel === 'sms') return `${address.slice(0, 4)}…${address.slice(-2)}`
  return `${new URL(address).origin}/…${address.slice(-4)}`
}

function normalEndpoint(text: string): string | null {
  if (text.length > 2_048 || !URL.canParse(text)) return null
  const url = new URL(text)
  return url.protocol === 'https:' ? url.href : null
}
