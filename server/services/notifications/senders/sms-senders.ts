import { type Config, ConfigError } from '../../../config/config.js'
import type { Resources } from '../../../kernel/resources.js'
import { httpSmsSender } from './http-sms.js'
import type { Sender } from './sender.js'
import { twilioSender } from './twilio.js'

/** A sender for each provider that SMS_PROVIDERS names, in its order; throws ConfigError where settings are missing. */
export function smsSenders(resources: Resources): readonly Sender[] {
  const { config } = resources
  return config.SMS_PROVIDERS.map((name) =>
    name === 'twilio' ? twilio(resources, config) : http(resources, config),
  )
}

function twilio(resources: Resources, config: Config): Sender {
  const { SMS_TWILIO_ACCOUNT: account, SMS_TWILIO_TOKEN: token, SMS_TWILIO_FROM: from } = config
  if (!account || !token || !from) {
    throw new ConfigError([
      'SMS_PROVIDERS=twilio needs SMS_TWILIO_ACCOUNT, SMS_TWILIO_TOKEN and SMS_TWILIO_FROM',
    ])
  }
  return twilioSender(resources, { url: config.SMS_TWILIO_URL, account, token, from })
}

function http(resources: Resources, config: Config): Sender {
  const { SMS_HTTP_URL: url, SMS_HTTP_SECRET: secret, SMS_HTTP_FROM: from } = config
  if (!url || !secret) throw new ConfigError(['SMS_PROVIDERS=http needs SMS_HTTP_URL and SMS_HTTP_SECRET'])
  return httpSmsSender(resources, { url, secret, from: from ?? null })
}
