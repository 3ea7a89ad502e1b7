import { expect } from 'chai'
import { withoutSecrets } from './exec-command.js'
import { addressArgs } from './redis-shell.js'

describe('what a program run beside a component is given', () => {
  it('is every setting but those that hold a secret by value', () => {
    const kept = {
      MODEL_API_KEY_FILE: '/srv/shop/secrets/model',
      S3_ACCESS_KEY: 'AKIA',
      PUSH_VAPID_PUBLIC_KEY: 'BNc',
      TOKEN_TTL_MINUTES: '15',
      LOG_LEVEL: 'info',
    }
    const secret = {
      ...{ VETRAI_SECRET: 'x', SMTP_PASSWORD: 'x', SMS_TWILIO_TOKEN: 'x', MAIL_DKIM_KEY: 'x' },
      ...{ MODEL_API_KEY: 'x', S3_SECRET_KEY: 'x', PUSH_VAPID_PRIVATE_KEY: 'x', BOUNCE_SECRET: 'x' },
    }
    expect(withoutSecrets({ ...kept, ...secret })).to.deep.equal(kept)
  })
})

describe('arguments that lead redis-cli to a Redis', () => {
  const cases: [string, string[]][] = [
    ['unix:///srv/shop/data/redis/redis.sock?db=0', ['-s', '/srv/shop/data/redis/redis.sock', '-n', '0']],
    ['redis://127.0.0.1:6380/3', ['-h', '127.0.0.1', '-p', '6380', '-n', '3']],
    ['redis://cache.example', ['-h', 'cache.example', '-p', '6379', '-n', '0']],
    ['rediss://[::1]:6379/1', ['-h', '::1', '-p', '6379', '-n', '1', '--tls']],
  ]
  for (const [url, args] of cases) {
    it(`are right for ${url}`, () => {
      expect(addressArgs(url)).to.deep.equal(args)
    })
  }
})
