import { expect } from 'chai'
import { checkConfig } from './schema.js'

const OPERATOR = { email: 'ops@example.com' }
const s3 = (endpoint: string) => ({ endpoint, bucket: 'b', access_key: 'k' })

describe('an archive of the database in vetrai.yml', () => {
  const problems = (config: object) => {
    const checked = checkConfig({ name: 'shop', operator: OPERATOR, ...config })
    return checked.ok ? [] : checked.problems.map(({ path, message }) => `${path}: ${message}`)
  }

  it('is taken where containers run a database of the deployment’s own', () => {
    expect(problems({ runtime: 'compose', backup: { wal: true } })).to.deep.equal([])
    const targets = [{ name: 'off', s3: s3('https://s3.example.com') }]
    expect(problems({ runtime: 'compose', backup: { wal: true, targets } })).to.deep.equal([])
  })

  it('is refused elsewhere, with what it needs', () => {
    expect(problems({ runtime: 'embedded', backup: { wal: true } }).join()).to.match(
      /^backup\.wal: needs runtime compose/,
    )
    const database = { url: 'postgres://db.example.com/vetrai' }
    expect(problems({ runtime: 'compose', database, backup: { wal: true } }).join()).to.match(
      /^backup\.wal: needs the built-in database/,
    )
    const targets = [
      { name: 'off', s3: s3('http://s3.example.com') },
      { name: 'disk', folder: '/mnt/disk' },
    ]
    expect(problems({ runtime: 'compose', backup: { wal: true, targets } }).join()).to.match(/https/)
    expect(problems({ runtime: 'compose', backup: { targets } })).to.deep.equal([])
  })
})
