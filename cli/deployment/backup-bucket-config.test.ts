import { expect } from 'chai'
import { checkConfig } from './schema.js'

const bucket = (endpoint: string, name = 'vetrai') => ({ endpoint, bucket: name, access_key: 'k' })

describe('the bucket of a backup target in vetrai.yml', () => {
  const problems = (objects: object, ...targets: object[]) => {
    const backup = { targets: targets.map((s3, n) => ({ name: `t${n}`, s3 })) }
    const checked = checkConfig({ name: 'shop', operator: { email: 'ops@example.com' }, objects, backup })
    return checked.ok ? [] : checked.problems.map(({ path, message }) => `${path}: ${message}`)
  }
  const s3 = bucket('https://s3.example.com')

  it('may not be the one that the objects are in, whatever its prefix', () => {
    const [problem, ...others] = problems({ store: 's3', s3 }, bucket('https://other.example.com'), {
      ...s3,
      prefix: 'backups',
    })
    expect(problem).to.match(/^backup\.targets\.1\.s3\.bucket: is the bucket of objects\.s3 \(vetrai\)/)
    expect(others).to.deep.equal([])
  })

  it('is known by another spelling of its store too', () => {
    for (const endpoint of [
      'https://S3.example.com/',
      'http://s3.example.com',
      'https://s3.example.com:443',
    ]) {
      expect(problems({ store: 's3', s3 }, bucket(endpoint)), endpoint).to.have.length(1)
    }
  })

  it('may be another one there, and any where the objects are elsewhere', () => {
    expect(problems({ store: 's3', s3 }, bucket('https://s3.example.com', 'backups'))).to.deep.equal([])
    expect(problems({ store: 's3', s3 }, bucket('https://s3.example.com:9000'))).to.deep.equal([])
    expect(problems({ store: 'file', s3 }, s3)).to.deep.equal([])
  })
})
