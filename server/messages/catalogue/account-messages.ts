import type { MessageDefinition } from './message-definition.js'

const when = { kind: 'time', about: 'when it happened', example: '2026-01-31T12:05:00Z' } as const
const ipAddress = { kind: 'plain', about: 'address it came from', example: '203.0.113.7' } as const
const device = {
  kind: 'name',
  about: 'device, as its browser names itself',
  example: 'Firefox on Linux',
} as const
const resetUrl = {
  kind: 'url',
  about: 'page that resets the password',
  example: 'https://app.example.com/account/reset-password',
} as const
const expiresIn = { kind: 'duration', about: 'how long the link works', example: 1800 } as const

/** Links that prove an address, or open an account, go to that address and nowhere else. */
const byMail = { category: 'account', isCritical: true, isCustomizable: false, channels: ['email'] } as const
const warning = { category: 'security', isCritical: true, isCustomizable: false } as const
const toAll = { ...warning, channels: ['email', 'in_app', 'sms', 'push'] } as const
const quietly = { ...warning, channels: ['email', 'in_app'] } as const

/** What the installation writes to people about their accounts. */
export const accountMessages = {
  'verify-email': {
    ...byMail,
    summary: 'asks whether an address is theirs',
    variables: {
      email: { kind: 'plain', about: 'address to confirm', example: 'ada@example.com' },
      link: {
        kind: 'url',
        about: 'page that confirms it',
        example: 'https://app.example.com/account/verify-email#token=x',
      },
      expires_in: expiresIn,
    },
  },
  'reset-password': {
    ...byMail,
    summary: 'lets somebody choose a new password',
    variables: {
      link: { ...resetUrl, example: 'https://app.example.com/account/reset-password#token=x' },
      expires_in: expiresIn,
      ip_address: { ...ipAddress, optional: true },
    },
  },
  'already-registered': {
    ...byMail,
    summary: 'tells somebody who signs up again that they have an account',
    variables: { reset_url: resetUrl },
  },
  welcome: {
    ...byMail,
    summary: 'lets somebody choose the password of an account made for them',
    variables: {
      link: { ...resetUrl, example: 'https://app.example.com/account/reset-password#token=x' },
      expires_in: { ...expiresIn, example: 604_800 },
    },
  },
  'address-changed': {
    ...quietly,
    summary: 'tells the old address that the account has another now',
    variables: { when },
  },
  'factor-changed': {
    ...toAll,
    summary: 'tells of a second factor that was added or removed',
    variables: {
      change: {
        kind: 'choice',
        options: ['added', 'removed'],
        about: 'what was done to it',
        example: 'added',
      },
      when,
      reset_url: resetUrl,
    },
  },
  'new-sign-in': {
    ...toAll,
    summary: 'tells of a sign-in from a device and place not seen before',
    variables: {
      when,
      ip_address: ipAddress,
      device: { ...device, optional: true },
      sessions_url: {
        kind: 'url',
        about: 'page of the sessions',
        example: 'https://app.example.com/account/sessions',
      },
    },
  },
  'password-changed': {
    ...toAll,
    summary: 'tells that the password is another now',
    variables: { when, ip_address: ipAddress, reset_url: resetUrl },
  },
  'account-locked': {
    ...toAll,
    summary: 'tells that sign-in is paused after wrong passwords',
    variables: {
      until: { kind: 'time', about: 'when sign-in works again', example: '2026-01-31T12:20:00Z' },
      ip_address: ipAddress,
      reset_url: resetUrl,
    },
  },
  'session-reuse-detected': {
    ...toAll,
    summary: 'tells that a copied sign-in token showed up and its session was ended',
    variables: { when, ip_address: ipAddress, device: { ...device, optional: true }, reset_url: resetUrl },
  },
  'impersonation-notice': {
    ...quietly,
    summary: 'tells that staff of the operator uses the account for support',
    variables: {
      operator: { kind: 'name', about: 'who of the staff', example: 'Sam Support', optional: true },
      reason: { kind: 'name', about: 'why', example: 'ticket 4711' },
      when,
      until: { kind: 'time', about: 'when it ends at the latest', example: '2026-01-31T13:05:00Z' },
    },
  },
} as const satisfies Record<string, MessageDefinition>
