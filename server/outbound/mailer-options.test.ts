import { generateKeyPairSync } from 'node:crypto'
import { expect } from 'chai'
import { readSettings } from '../config/config.js'
import { settings } from '../config/settings.js'
import { Secrets } from '../kernel/secrets.js'
import { mailerOptions } from './mailer-options.js'

const NEEDED = {
  VETRAI_SECRET: 'ab'.repeat(32),
  DATABASE_URL: 'postgres://127.0.0.1/x',
  DATABASE_APP_PASSWORD: 'x',
  DATABASE_SYSTEM_PASSWORD: 'x',
  REDIS_URL: 'redis://127.0.0.1',
}
const silent = { info: () => {}, warn: () => {}, error: () => {} }
const optionsOf = (env: Record<string, string>) =>
  mailerOptions(readSettings(settings, { ...NEEDED, ...env }), new Secrets(NEEDED.VETRAI_SECRET), silent)

const pem = ({ privateKey }: ReturnType<typeof generateKeyPairSync>) =>
  privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()

describe('the mailer’s settings', () => {
  const dkim = { MAIL_DKIM_DOMAIN: 'acme.example', MAIL_DKIM_SELECTOR: 'v1' }
  const key = pem(generateKeyPairSync('rsa', { modulusLength: 2048 }))

  it('describe both servers and the signature', () => {
    const options = optionsOf({
      ...dkim,
      MAIL_DKIM_KEY: key,
      SMTP_HOST: 'a.example',
      SMTP_SECURE: 'true',
      SMTP_CONNECTIONS: '7',
      SMTP_FALLBACK_HOST: 'b.example',
      SMTP_FALLBACK_PORT: '2525',
      SMTP_FALLBACK_USER: 'u',
      SMTP_FALLBACK_PASSWORD: 'p',
    })
    expect(options.smtp).to.deep.equal({ host: 'a.example', port: 587, maxConnections: 7, security: 'tls' })
    expect(options.fallback).to.deep.equal({
      host: 'b.example',
      port: 2525,
      maxConnections: 7,
      user: 'u',
      password: 'p',
    })
    expect(options.dkim).to.deep.equal({ domain: 'acme.example', selector: 'v1', privateKey: key })
  })

  it('are refused where mails would go out unsigned', () => {
    const curve = pem(generateKeyPairSync('ed25519'))
    const small = pem(generateKeyPairSync('rsa', { modulusLength: 512 }))
    for (const MAIL_DKIM_KEY of ['junk', curve, small]) {
      expect(() => optionsOf({ ...dkim, MAIL_DKIM_KEY }))
        .to.throw('MAIL_DKIM_KEY')
        .and.not.include({ message: MAIL_DKIM_KEY })
    }
    expect(() => optionsOf(dkim)).to.throw('go together')
    expect(() => optionsOf({ MAIL_DKIM_KEY: key })).to.throw('go together')
  })

  it('are refused where a second server has no first', () => {
    expect(() => optionsOf({ SMTP_FALLBACK_HOST: 'b.example' })).to.throw(
      'SMTP_FALLBACK_HOST needs SMTP_HOST',
    )
  })
})
