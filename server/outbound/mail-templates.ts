/**
 * What a variable may hold. `url`: an http(s) address. `name`: words a person chose, which are kept from
 * becoming a link. `plain`: words this server made (a time, an address, a duration).
 */
export type MailVariableKind = 'url' | 'name' | 'plain'

/** Every mail this server can write and the variables it must be given; files of the same name in templates/email. */
export const MAIL_TEMPLATES = {
  'verify-email': { email: 'plain', link: 'url', expires_in: 'plain' },
  'reset-password': { link: 'url', expires_in: 'plain', ip_address: 'plain' },
  invitation: {
    inviter: 'name',
    tenant: 'name',
    role: 'plain',
    email: 'plain',
    link: 'url',
    expires_in: 'plain',
  },
  'already-registered': { reset_url: 'url' },
  welcome: { link: 'url', expires_in: 'plain' },
  'address-changed': { when: 'plain' },
  'factor-changed': { change: 'plain', when: 'plain', reset_url: 'url' },
  'new-sign-in': { when: 'plain', ip_address: 'plain', device: 'name', sessions_url: 'url' },
  'password-changed': { when: 'plain', ip_address: 'plain', reset_url: 'url' },
  'account-locked': { until: 'plain', ip_address: 'plain', reset_url: 'url' },
  'session-reuse-detected': { when: 'plain', ip_address: 'plain', device: 'name', reset_url: 'url' },
  'impersonation-notice': { operator: 'name', reason: 'name', when: 'plain', until: 'plain' },
  'webhook-disabled': {
    tenant: 'name',
    endpoint: 'name',
    endpoint_id: 'plain',
    reason: 'plain',
    when: 'plain',
  },
  'tenant-deleted': { tenant: 'name', actor: 'name', when: 'plain', purge_on: 'plain' },
} as const satisfies Record<string, Record<string, MailVariableKind>>

/** The name of a mail. */
export type MailTemplateName = keyof typeof MAIL_TEMPLATES

/** Exactly the variables of one mail. */
export type MailVariables<N extends MailTemplateName> = {
  readonly [V in keyof (typeof MAIL_TEMPLATES)[N]]: string
}
