import { z } from 'zod'
import { flag, listWhere, number, setting } from './setting.js'

const text = (max: number) => z.string().min(1).max(max)
const word = (pattern: RegExp, problem: string) => z.string().max(1024).regex(pattern, problem).optional()

const domain = word(
  /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/,
  'must be a domain in lower case',
)
const perMinute = (what: string) =>
  setting(number({ min: 0, max: 1_000_000, fallback: 0 }), {
    doc: `Most ${what} handed over in a minute, by all processes together; 0 does not limit.`,
  })

/** Secret of signed calls in either direction, in the form and length of Standard Webhooks 1.0. */
const signingSecret = z
  .string()
  .max(128)
  .refine(isSigningSecret, 'must be whsec_ and 24 to 64 bytes in base64')
  .optional()

function isSigningSecret(text: string): boolean {
  const encoded = text.slice('whsec_'.length)
  const bytes = Buffer.from(encoded, 'base64')
  const isExact = text.startsWith('whsec_') && bytes.toString('base64') === encoded
  return isExact && bytes.length >= 24 && bytes.length <= 64
}

const SMS_PROVIDERS = ['twilio', 'http']

function providerProblem(name: string): string | undefined {
  return SMS_PROVIDERS.includes(name) ? undefined : `is none of ${SMS_PROVIDERS.join(', ')}`
}

/** Settings of the channels that reach people: mail beyond its first server, SMS and web push. */
export const channelSettings = {
  SMTP_CONNECTIONS: setting(number({ min: 1, max: 50, fallback: 3 }), {
    doc: 'Connections kept to each mail server.',
  }),
  SMTP_FALLBACK_HOST: setting(text(255).optional(), {
    doc: 'Second mail server, used when the first is away or does not take a message yet.',
  }),
  SMTP_FALLBACK_PORT: setting(number({ min: 1, max: 65535, fallback: 587 }), {
    doc: 'Port of the second mail server.',
  }),
  SMTP_FALLBACK_USER: setting(text(255).optional(), { doc: 'User at the second mail server.' }),
  SMTP_FALLBACK_PASSWORD: setting(text(512).optional(), {
    doc: 'Password at the second mail server.',
    secret: true,
  }),
  SMTP_FALLBACK_SECURE: setting(flag(false), { doc: 'Like SMTP_SECURE, for the second mail server.' }),
  MAIL_DKIM_DOMAIN: setting(domain, {
    doc: 'Domain that signs mails (DKIM); goes with the next two.',
    example: 'example.com',
  }),
  MAIL_DKIM_SELECTOR: setting(
    word(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'must be letters, digits and inner hyphens'),
    { doc: 'Name of the key in DNS: <selector>._domainkey.<domain>.', example: 'vetrai' },
  ),
  MAIL_DKIM_KEY: setting(text(8192).optional(), {
    doc: 'RSA private key that signs mails, PEM; best given as MAIL_DKIM_KEY_FILE.',
    secret: true,
  }),
  MAIL_BOUNCE_DOMAIN: setting(domain, {
    doc: 'Domain that takes bounces: each mail gets an envelope sender of its own there (VERP).',
    example: 'bounces.example.com',
  }),
  BOUNCE_SECRET: setting(signingSecret, {
    doc: 'Secret of signed bounce reports (POST /notifications/v1/bounces/custom); without it none is taken.',
    secret: true,
  }),
  BOUNCE_MAILGUN_KEY: setting(text(128).optional(), {
    doc: 'Signing key of Mailgun webhooks (POST /notifications/v1/bounces/mailgun); without it none is taken.',
    secret: true,
  }),
  BOUNCE_SES_TOPIC: setting(
    word(/^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_.-]{1,256}$/, 'must be the ARN of an SNS topic'),
    {
      doc: 'SNS topic whose notifications of Amazon SES are taken (POST /notifications/v1/bounces/ses); without it none is.',
      example: 'arn:aws:sns:eu-west-1:123456789012:bounces',
    },
  ),
  MAIL_PER_MINUTE: perMinute('mails'),
  SMS_PER_MINUTE: perMinute('text messages'),
  PUSH_PER_MINUTE: perMinute('push messages'),
  SMS_PROVIDERS: setting(listWhere(providerProblem), {
    doc: 'Providers of text messages in the order they are tried: twilio, http. Empty sends none.',
    example: 'twilio,http',
  }),
  SMS_SEGMENT_PRICE: setting(
    word(/^\d{1,4}(\.\d{1,6})? [A-Z]{3}$/, 'must be an amount and a currency, such as 0.0079 USD'),
    {
      doc: 'What a segment costs where the provider does not say; costs of messages are counted by it.',
      example: '0.0079 USD',
    },
  ),
  SMS_TWILIO_URL: setting(z.url({ protocol: /^https?$/ }).default('https://api.twilio.com'), {
    doc: 'Where the Twilio API, or one that speaks it, is.',
  }),
  SMS_TWILIO_ACCOUNT: setting(word(/^[A-Za-z0-9-]{1,64}$/, 'must be an account SID'), {
    doc: 'Account SID at Twilio.',
  }),
  SMS_TWILIO_TOKEN: setting(text(256).optional(), {
    doc: 'Auth token at Twilio; also what its status callbacks are signed with.',
    secret: true,
  }),
  SMS_TWILIO_FROM: setting(text(64).optional(), {
    doc: 'Sender: a number (+15550100), a name of up to 11 letters, or a messaging service (MG…).',
  }),
  SMS_HTTP_URL: setting(z.url({ protocol: /^https?$/ }).optional(), {
    doc: 'Address that text messages are posted to as signed JSON.',
  }),
  SMS_HTTP_SECRET: setting(signingSecret, {
    doc: 'Secret that those posts, and the reports that come back, are signed with.',
    secret: true,
  }),
  SMS_HTTP_FROM: setting(text(64).optional(), { doc: 'Sender that those posts name.' }),
  PUSH_VAPID_PUBLIC_KEY: setting(word(/^[A-Za-z0-9_-]{87}$/, 'must be 65 bytes in base64url'), {
    doc: 'Public key of web push; goes with the private one. Without both a pair is made and kept.',
  }),
  PUSH_VAPID_PRIVATE_KEY: setting(word(/^[A-Za-z0-9_-]{43}$/, 'must be 32 bytes in base64url'), {
    doc: 'Private key of web push.',
    secret: true,
  }),
  PUSH_VAPID_SUBJECT: setting(word(/^(mailto:[^\s@]+@[^\s@]+|https:\/\/\S+)$/, 'must be mailto: or https:'), {
    doc: 'Whom push services write to when something is wrong; the address of MAIL_FROM without it.',
    example: 'mailto:ops@example.com',
  }),
  PUSH_TTL_S: setting(number({ min: 0, max: 2_419_200, fallback: 86_400 }), {
    doc: 'How long push services keep a message for a device that is away.',
  }),
} as const
