import { expect } from 'chai'
import { Journal } from '../../deployment/journal.js'
import { temporaryFolder } from '../../testing/temporary-folder.js'
import { markOf, ROTATION, rotationHistory } from './rotation-history.js'

describe('the history of rotations', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let journal: Journal

  beforeEach(async () => {
    folder = await temporaryFolder()
    journal = new Journal(folder.path)
  })
  afterEach(() => folder.remove())

  const fail = () => Promise.reject(new Error('no'))
  const of = async (name: string) => (await rotationHistory(journal)).get(name)

  it('knows when each secret was last rotated, and of no other action', async () => {
    await journal.record('up', async () => undefined, { secrets: ['redis-password'] })
    expect(await of('redis-password')).to.equal(undefined)
    await journal.record(ROTATION, async () => undefined, { secrets: ['redis-password', 'jwt'] })
    expect((await of('jwt'))?.rotatedAt).to.match(/^\d{4}-.*Z$/)
    expect((await of('jwt'))?.rotatedAt).to.equal((await of('redis-password'))?.rotatedAt)
  })

  it('counts none that failed, and of one that was settled later what it was settled to', async () => {
    await journal.record(ROTATION, fail, { secrets: ['redis-password'] }).catch(() => undefined)
    const settled = { step: 'settled', finished: ['master-key'], undone: ['redis-password'] }
    await journal.record(ROTATION, (step) => step(settled), {
      secrets: ['master-key', 'redis-password'],
      resumed: true,
    })
    expect((await of('master-key'))?.rotatedAt).to.be.a('string')
    expect((await of('redis-password'))?.rotatedAt ?? null).to.equal(null)
  })

  it('remembers which value was wanted by a mark that says nothing of it', async () => {
    const value = 'ab'.repeat(32)
    const begin = { step: 'begin', secret: 'jwt', mark: markOf(value) }
    await journal.record(ROTATION, (step) => step(begin), { secrets: ['jwt'] })
    expect((await of('jwt'))?.wanted).to.equal(markOf(value))
    expect(markOf(value))
      .to.have.length(12)
      .and.not.equal(markOf('cd'.repeat(32)))
    expect(value).to.not.contain(markOf(value))
  })
})
