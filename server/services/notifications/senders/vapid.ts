import { createECDH } from 'node:crypto'
import { type Config, ConfigError } from '../../../config/config.js'
import type { Resources } from '../../../kernel/resources.js'
import { parseSender } from '../../../outbound/mail-message.js'
import { PUSH_KEY_CONTEXT, readPushKey, storePushKey } from '../models/push-key.js'

/** What push services know this installation by (RFC 8292), base64url. */
export interface VapidKeys {
  publicKey: string
  privateKey: string
}

/** The pair of the settings, else the one kept in the database, made when it is first asked for and never again. */
export async function loadVapidKeys({ config, db, secrets }: Resources): Promise<VapidKeys> {
  const given = vapidOfSettings(config)
  if (given) return given
  const known = (await readPushKey(db)) ?? (await make())
  return {
    publicKey: known.publicKey,
    privateKey: secrets.unseal(known.privateKeySealed, PUSH_KEY_CONTEXT).toString('base64url'),
  }

  async function make() {
    const pair = createECDH('prime256v1')
    const publicKey = pair.generateKeys('base64url')
    const fresh = {
      publicKey,
      privateKeySealed: secrets.seal(padded(pair.getPrivateKey()), PUSH_KEY_CONTEXT),
    }
    await storePushKey(db, fresh)
    return (await readPushKey(db)) ?? fresh
  }
}

/** The pair of the settings, if they hold one; throws ConfigError where its halves do not belong together. */
export function vapidOfSettings(config: Config): VapidKeys | null {
  const { PUSH_VAPID_PUBLIC_KEY: publicKey, PUSH_VAPID_PRIVATE_KEY: privateKey } = config
  if (!publicKey && !privateKey) return null
  if (!publicKey || !privateKey || publicOf(privateKey) !== publicKey) {
    throw new ConfigError(['PUSH_VAPID_PUBLIC_KEY and PUSH_VAPID_PRIVATE_KEY are not two halves of one pair'])
  }
  return { publicKey, privateKey }
}

/** Whom push services write to when something is wrong. */
export function vapidSubject({ PUSH_VAPID_SUBJECT: subject, MAIL_FROM }: Config): string {
  return subject ?? `mailto:${parseSender(MAIL_FROM).address}`
}

function publicOf(privateKey: string): string | null {
  const pair = createECDH('prime256v1')
  try {
    pair.setPrivateKey(privateKey, 'base64url')
    return pair.getPublicKey('base64url')
  } catch {
    return null
  }
}

/** 32 bytes, whatever leading zeros the number has. */
function padded(key: Buffer): Buffer {
  return Buffer.concat([Buffer.alloc(Math.max(0, 32 - key.length)), key])
}
