import { expect } from 'chai'
import fc from 'fast-check'
import { createRedactor, isSecretName, REDACTED } from './redact.js'
import { redactConfig } from './redact-config.js'

const redact = createRedactor([])

describe('what is taken out of a support bundle', () => {
  it('is every secret in every form that it may have been written in', () => {
    const secret = fc
      .string({ unit: 'grapheme', minLength: 8, maxLength: 60 })
      .filter((text) => text.trim() === text)
    fc.assert(
      fc.property(
        secret,
        fc.string({ maxLength: 20 }),
        fc.string({ maxLength: 20 }),
        (word, before, after) => {
          const clean = createRedactor([word])
          const mixed = Buffer.from(`${before}${word}${after}`).toString('base64')
          const inner = innerBase64(before, word)
          for (const form of [
            word,
            JSON.stringify({ word }).slice(9, -2),
            encodeURIComponent(word),
            Buffer.from(word).toString('base64').replace(/=+$/, ''),
            Buffer.from(word).toString('base64url'),
            Buffer.from(word).toString('hex'),
          ]) {
            expect(clean(`x ${form} y`), form).not.to.include(form)
          }
          expect(clean(mixed)).not.to.include(inner)
        },
      ),
    )
  })

  it('is every token of ours, and any JWT', () => {
    const jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U'
    for (const token of [
      `vtr_at_${'a1B2c3'.repeat(6)}`,
      `vtr_live_${'Zz9'.repeat(12)}`,
      `whsec_${'QUJD'.repeat(8)}`,
      jwt,
    ]) {
      expect(redact(`{"msg":"got ${token}, went on"}`)).to.equal(`{"msg":"got ${REDACTED}, went on"}`)
    }
    expect(redact('key vtr_live_8sK2 was used')).to.equal('key vtr_live_8sK2 was used')
  })

  it('is the password of a URL, whatever stands in it', () => {
    expect(redact('postgres://app:pa@ss:w/rd@db:5432/vetrai failed')).to.equal(
      `postgres://${REDACTED}@db:5432/vetrai failed`,
    )
    expect(redact('redis://:s3cret@redis:6379/0')).to.equal(`redis://${REDACTED}@redis:6379/0`)
    expect(redact('http://127.0.0.1:8000/readyz')).to.equal('http://127.0.0.1:8000/readyz')
  })

  it('is what an Authorization header says, however it is written', () => {
    for (const line of [
      'Authorization: Bearer canary-1234',
      'authorization=Basic Y2FuYXJ5LTEyMzQ=',
      '{"headers":{"authorization":"Token canary-1234"}}',
      '{"raw":["Authorization","canary-1234"]}',
      '{"body":"{\\"authorization\\":\\"canary-1234\\"}"}',
      'curl -H "Proxy-Authorization: canary-1234"',
      'Set-Cookie: sid=canary-1234; Path=/',
      'sent Bearer canary-1234',
    ]) {
      expect(redact(line), line).not.to.include('canary-1234').and.not.include('Y2FuYXJ5')
      if (line.startsWith('{')) expect(() => JSON.parse(redact(line)), line).not.to.throw()
    }
  })

  it('is the value of whatever is called a password, secret, token or key', () => {
    for (const line of [
      'password=canary!',
      'SMTP_FALLBACK_PASSWORD: canary!',
      '{"client_secret":"canary!"}',
      '{"password":"can\\"canary!"}',
      '{"body":"{\\"new_password\\":\\"canary!\\"}"}',
      JSON.stringify({ outer: JSON.stringify({ inner: JSON.stringify({ password: 'can"canary!' }) }) }),
      "metrics-token: 'canary!'",
      'BOUNCE_MAILGUN_KEY = canary!',
      '?token=canary!&x=1',
    ]) {
      expect(redact(line), line).not.to.include('canary!')
      if (line.startsWith('{')) expect(() => JSON.parse(redact(line)), line).not.to.throw()
    }
  })

  it('is every e-mail address', () => {
    for (const address of [
      'ann@acme.example',
      'ann.b+c@mail.acme.co.uk',
      'zoë@müller.example',
      'root@localhost',
    ]) {
      expect(redact(`"to":"${address}"`)).to.equal('"to":"[e-mail]"')
      expect(redact(encodeURIComponent(address))).not.to.include('%40')
    }
  })

  it('is a private key, and what passwords are stored as', () => {
    const pem = '-----BEGIN RSA PRIVATE KEY-----\nMIIEcanary\n-----END RSA PRIVATE KEY-----'
    expect(redact(`before\n${pem}\nafter`)).to.equal(`before\n${REDACTED}\nafter`)
    expect(redact(JSON.stringify({ pem }))).not.to.include('canary')
    expect(redact('$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW')).to.equal(REDACTED)
    expect(redact("password 'SCRAM-SHA-256$4096:c2FsdA==$c3RvcmVk:c2VydmVy'")).not.to.include('c3RvcmVk')
  })

  it('is no more than that: what tells the cause stays', () => {
    for (const line of [
      '2026-11-22 20:43:50.123 UTC [71] FATAL:  password authentication failed for user "vetrai_app"',
      '{"level":"error","error_code":"28P01","msg":"sign-in failed","duration_ms":12}',
      'SMTP_PASSWORD_FILE: /run/secrets/smtp-password',
      'image: pgvector/pgvector@sha256:0123456789abcdef',
      'duplicate key value violates unique constraint "users_email_key"',
      'secrets: [database-app-password]',
      '{"name":"secrets","detail":"operator-token is damaged","remedy":null}',
    ]) {
      expect(redact(line)).to.equal(line)
    }
  })

  it('comes to an end with lines that do not', () => {
    for (const unit of ['a', 'a.', 'a-b.', 'ey.', '@a', 'token', 'a://', '"', 'a:b@']) {
      // What is quadratic in such a line takes minutes, and this test with it.
      expect(redact(unit.repeat(200_000))).not.to.equal('')
    }
  })

  it('keeps comments and order of a configuration, and takes whole secret values out', () => {
    const text =
      '# mine\nname: shop\nsettings:\n  SMS_TWILIO_TOKEN: words of several kinds # hush\n  LOG: x\n'
    expect(redactConfig(text)).to.equal(
      `# mine\nname: shop\nsettings:\n  SMS_TWILIO_TOKEN: "${REDACTED}" # hush\n  LOG: x\n`,
    )
    expect(redactConfig('name: [')).to.equal('name: [')
  })

  it('goes by the names of settings', () => {
    for (const name of [
      'SMTP_FALLBACK_PASSWORD',
      'BOUNCE_SECRET',
      'SMS_TWILIO_TOKEN',
      'MAIL_DKIM_KEY',
      'password',
    ]) {
      expect(isSecretName(name), name).to.equal(true)
    }
    for (const name of ['SMTP_PASSWORD_FILE', 'MAIL_FROM', 'name', 'pool_max', 'monkey']) {
      expect(isSecretName(name), name).to.equal(false)
    }
  })
})

/** The part of base64(before + word) that no neighbour has a part in. */
function innerBase64(before: string, word: string): string {
  const [skip, length] = [Buffer.byteLength(before), Buffer.byteLength(word)]
  const text = Buffer.from(before + word).toString('base64')
  return text.slice(Math.ceil((skip * 8) / 6), Math.floor(((skip + length) * 8) / 6))
}
