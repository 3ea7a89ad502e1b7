import { createPrivateKey } from 'node:crypto'
import { type Config, ConfigError } from '../config/config.js'
import type { Secrets } from '../kernel/secrets.js'
import type { DkimOptions, MailerOptions, MailLogger, SmtpOptions } from './mail.js'

/** The mailer as the settings describe it; throws ConfigError where they do not fit together. */
export function mailerOptions(config: Config, secrets: Secrets, log: MailLogger): MailerOptions {
  const fallback = smtpOptions(config, {
    host: config.SMTP_FALLBACK_HOST,
    port: config.SMTP_FALLBACK_PORT,
    user: config.SMTP_FALLBACK_USER,
    password: config.SMTP_FALLBACK_PASSWORD,
    isSecure: config.SMTP_FALLBACK_SECURE,
  })
  if (fallback && !config.SMTP_HOST) throw new ConfigError(['SMTP_FALLBACK_HOST needs SMTP_HOST'])
  return {
    from: config.MAIL_FROM,
    log,
    smtp: smtpOptions(config, {
      host: config.SMTP_HOST,
      port: config.SMTP_PORT,
      user: config.SMTP_USER,
      password: config.SMTP_PASSWORD,
      isSecure: config.SMTP_SECURE,
    }),
    fallback,
    dkim: dkimOptions(config),
    referenceKey: secrets.key('delivery-reference'),
    bounceDomain: config.MAIL_BOUNCE_DOMAIN,
    mailboxPath: config.MAILBOX_PATH,
  }
}

interface MailServer {
  host: string | undefined
  port: number
  user: string | undefined
  password: string | undefined
  isSecure: boolean
}

function smtpOptions(
  { SMTP_CONNECTIONS }: Config,
  { host, port, user, password, isSecure }: MailServer,
): SmtpOptions | undefined {
  if (!host) return undefined
  return {
    host,
    port,
    maxConnections: SMTP_CONNECTIONS,
    ...(isSecure ? { security: 'tls' as const } : {}),
    ...(user && password ? { user, password } : {}),
  }
}

/** The mail library leaves mails unsigned when a key is no good, so that is found out here. */
function dkimOptions(config: Config): DkimOptions | undefined {
  const { MAIL_DKIM_DOMAIN: domain, MAIL_DKIM_SELECTOR: selector, MAIL_DKIM_KEY: privateKey } = config
  if (!domain && !selector && !privateKey) return undefined
  if (!domain || !selector || !privateKey) {
    throw new ConfigError(['MAIL_DKIM_DOMAIN, MAIL_DKIM_SELECTOR and MAIL_DKIM_KEY go together'])
  }
  if (!isSigningKey(privateKey)) {
    throw new ConfigError([
      'MAIL_DKIM_KEY: must be an RSA private key of at least 1024 bits, PEM, without a password',
    ])
  }
  return { domain, selector, privateKey }
}

function isSigningKey(pem: string): boolean {
  try {
    const { asymmetricKeyType, asymmetricKeyDetails } = createPrivateKey(pem)
    return asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? 0) >= 1024
  } catch {
    return false
  }
}
