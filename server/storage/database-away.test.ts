import { expect } from 'chai'
import { expectRejection } from '../../test/expect-rejection.js'
import { onceDatabaseAnswers } from './database-away.js'

const RECOVERING = Object.assign(new Error('the database system is not yet accepting connections'), {
  code: '57P03',
})

describe('work at the start of a process', () => {
  it('waits for a database that is starting, and says so once', async () => {
    const said: unknown[] = []
    let tries = 0
    const work = async () => {
      tries += 1
      if (tries < 4) throw RECOVERING
      return 'keys'
    }
    expect(await onceDatabaseAnswers(work, { waitMs: 60_000, onWait: (error) => said.push(error) })).to.equal(
      'keys',
    )
    expect(said).to.deep.equal([RECOVERING])
  })

  it('fails when that takes too long, and at once for any other reason', async () => {
    let tries = 0
    const fail = (error: Error) => () => {
      tries += 1
      return Promise.reject(error)
    }
    const onWait = () => undefined
    await expectRejection(onceDatabaseAnswers(fail(RECOVERING), { waitMs: 300, onWait }), /accepting/)
    expect(tries).to.be.greaterThan(1)
    tries = 0
    await expectRejection(
      onceDatabaseAnswers(fail(new Error('wrong key')), { waitMs: 60_000, onWait }),
      /wrong key/,
    )
    expect(tries).to.equal(1)
  })
})
