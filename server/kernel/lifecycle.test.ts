import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { expectRejection } from '../../test/expect-rejection.js'
import { Lifecycle } from './lifecycle.js'
import { StateHolder } from './state.js'

describe('a lifecycle', () => {
  let log: string[]
  beforeEach(() => {
    log = []
  })

  const open = (life: Lifecycle, name: string, close: () => unknown = () => log.push(`closed ${name}`)) =>
    life.open(name, () => log.push(`opened ${name}`), close)

  it('closes in the reverse order of opening, one after the other, once', async () => {
    const life = new Lifecycle({ graceMs: 1_000 })
    await open(life, 'database')
    await open(life, 'cache', async () => {
      await sleep(20)
      log.push('closed cache')
    })
    await open(life, 'http')
    await Promise.all([life.close(), life.close()])
    await life.close()
    expect(log.slice(3)).to.deep.equal(['closed http', 'closed cache', 'closed database'])
  })

  it('closes what was opened when something later cannot be, and says why', async () => {
    const life = new Lifecycle({ graceMs: 1_000 })
    await open(life, 'database')
    await expectRejection(
      life.open(
        'http',
        () => Promise.reject(new Error('port taken')),
        () => log.push('closed http'),
      ),
      /port taken/,
    )
    expect(log).to.deep.equal(['opened database', 'closed database'])
  })

  it('closes the others when one fails, and reports it', async () => {
    const reported: string[] = []
    const life = new Lifecycle({
      graceMs: 1_000,
      onError: (name, error) => reported.push(`${name}: ${error}`),
    })
    await open(life, 'database')
    await open(life, 'cache', () => {
      throw new Error('stuck')
    })
    await open(life, 'http', () => Promise.reject(new Error('broken')))
    await life.close()
    expect(log).to.include('closed database')
    expect(reported).to.deep.equal(['http: Error: broken', 'cache: Error: stuck'])
  })

  it('waits for all together no longer than its grace', async () => {
    const life = new Lifecycle({ graceMs: 60 })
    await open(life, 'database')
    for (const name of ['one', 'two', 'three']) await open(life, name, () => new Promise(() => undefined))
    const started = Date.now()
    await life.close()
    expect(Date.now() - started).to.be.within(40, 600)
    expect(log).to.include('closed database')
  })

  it('closes on a signal, and ends at once on a second one', async () => {
    const life = new Lifecycle({ graceMs: 5_000 })
    let release: () => void = () => undefined
    await open(life, 'http', () => new Promise<void>((resolve) => (release = resolve)))
    const codes: number[] = []
    const before = process.listeners('SIGUSR2')
    life.closeOn(['SIGUSR2'], (code) => codes.push(code))
    process.emit('SIGUSR2')
    process.emit('SIGUSR2')
    expect(codes).to.deep.equal([1])
    release()
    await life.close()
    await sleep(1)
    expect(codes).to.deep.equal([1, 0])
    for (const listener of process.listeners('SIGUSR2'))
      if (!before.includes(listener)) process.off('SIGUSR2', listener)
  })
})

describe('the state of services', () => {
  it('is made once for each server, on first use', () => {
    let made = 0
    const definition = {
      name: 'counter',
      create: () => {
        made += 1
        return {}
      },
    }
    const [one, other] = [new StateHolder<null>(), new StateHolder<null>()]
    expect(one.get(definition, null)).to.equal(one.get(definition, null))
    expect(other.get(definition, null)).not.to.equal(one.get(definition, null))
    expect(made).to.equal(2)
  })

  it('is closed in reverse, all of it, also when one cannot be', async () => {
    const closed: string[] = []
    const states = new StateHolder<null>()
    for (const name of ['a', 'b', 'c']) {
      const close = async () => {
        if (name === 'b') throw new Error('b is stuck')
        closed.push(name)
      }
      states.get({ name, create: () => ({}), close }, null)
    }
    await expectRejection(states.close(), /b is stuck/)
    expect(closed).to.deep.equal(['c', 'a'])
    await states.close()
  })
})
