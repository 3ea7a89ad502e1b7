import { expect } from 'chai'
import { differences } from './compare-plans.js'
import type { ChildPlan } from './plan.js'

const CHILD: ChildPlan = {
  name: 'server',
  version: '1',
  command: '/usr/bin/node',
  args: ['main.js'],
  env: { LOG_LEVEL: 'info', MODEL_API_KEY: 'before-secret' },
  cwd: '/srv/shop',
  user: null,
  needs: [],
  health: { kind: 'http', url: 'http://127.0.0.1:8000/healthz' },
  stop: { kind: 'signal', graceMs: 1 },
  log: '/srv/shop/logs/server.log',
  code: 'a',
}

describe('differences between a running child and the wanted one', () => {
  it('are none where both are the same, read back from a file or not', () => {
    expect(differences(CHILD, JSON.parse(JSON.stringify(CHILD)))).to.deep.equal([])
  })

  it('name what changed, settings without their values', () => {
    const env = { LOG_LEVEL: 'info', MODEL_API_KEY: 'after-secret', CORS_ORIGINS: 'https://shop.example' }
    const reasons = differences(CHILD, { ...CHILD, version: '2', code: 'b', env })
    expect(reasons).to.deep.equal([
      'version 1 becomes 2',
      'settings changed: CORS_ORIGINS, MODEL_API_KEY',
      'its program was built anew',
    ])
  })

  it('tell a program that was built anew from a secret and from settings for backups', () => {
    const reasons = (code: string) => differences({ ...CHILD, code: 'a:b:c' }, { ...CHILD, code })
    expect(reasons('x:b:c')).to.deep.equal(['its program was built anew'])
    expect(reasons('a:x:c')).to.deep.equal(['a secret that it reads changed'])
    expect(reasons('a:b:x')).to.deep.equal(['other settings for backups'])
  })

  it('name the user and the folder of a store', () => {
    const user = { name: 'vetrai', uid: 7, gid: 7 }
    const health = { kind: 'postgres', host: '127.0.0.1', port: 1 } as const
    expect(differences(CHILD, { ...CHILD, health, user, cwd: '/mnt/shop', code: 'b' })).to.deep.equal([
      'it will run as vetrai',
      'its folder is /mnt/shop now',
      'its port or number of connections changed',
    ])
  })

  it('are never passed over, even where there is no word for one', () => {
    expect(differences(CHILD, { ...CHILD, args: ['--inspect', 'main.js'] })).to.have.length(1)
  })
})
