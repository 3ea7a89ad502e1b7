import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import fc from 'fast-check'
import { type UsageBatch, UsageBuffer, type UsageEvent } from './usage-buffer.js'

const noon = Date.parse('2026-05-05T12:00:00Z')

function event(over: Partial<UsageEvent> = {}): UsageEvent {
  return { tenantId: 't1', keyId: 'k1', kind: 'verify', outcome: 'VALID', credits: 0, at: noon, ...over }
}

/** A sink that remembers batches by id, as the table of stored batches does. */
function memorySink() {
  const stored = new Map<string, UsageBatch>()
  const state = { stored, failures: 0, failAfterStoring: false, writes: 0 }
  async function sink(batch: UsageBatch): Promise<void> {
    state.writes += 1
    await sleep(1)
    const copy = { id: batch.id, rows: batch.rows.map((row) => ({ ...row })) }
    if (state.failures > 0) {
      state.failures -= 1
      if (state.failAfterStoring && !stored.has(batch.id)) stored.set(batch.id, copy)
      throw new Error('the connection was lost')
    }
    if (!stored.has(batch.id)) stored.set(batch.id, copy)
  }
  const total = (field: 'count' | 'credits') =>
    [...stored.values()].flatMap((batch) => batch.rows).reduce((sum, row) => sum + row[field], 0)
  return { state, sink, total }
}

describe('usage buffer', () => {
  it('sums by key, hour, kind and outcome, and keeps the latest moment', async () => {
    const { sink, state } = memorySink()
    const buffer = new UsageBuffer({ sink, intervalMs: 60_000, maxRows: 100 })
    buffer.record(event({ credits: 2 }))
    buffer.record(event({ credits: 3, at: noon + 5_000 }))
    buffer.record(event({ at: noon + 3_600_000 }))
    buffer.record(event({ outcome: 'EXPIRED' }))
    await buffer.close()

    const [batch] = [...state.stored.values()]
    expect(batch?.rows).to.deep.include({
      ...{ tenantId: 't1', keyId: 'k1', kind: 'verify', outcome: 'VALID', hour: noon },
      ...{ count: 2, credits: 5, lastAt: noon + 5_000 },
    })
    expect(batch?.rows).to.have.length(3)
  })

  it('loses nothing on a clean stop, also when it stops in the middle of a flush', async () => {
    const { sink, total } = memorySink()
    const buffer = new UsageBuffer({ sink, intervalMs: 60_000, maxRows: 10_000 })
    for (let i = 0; i < 500; i++) buffer.record(event({ keyId: `k${i % 7}` }))
    const flushing = buffer.flush()
    for (let i = 0; i < 500; i++) buffer.record(event({ keyId: `k${i % 7}` }))
    await Promise.all([flushing, buffer.close()])
    expect(total('count')).to.equal(1000)
    expect(buffer.size).to.equal(0)
  })

  it('adds nothing twice when a write was stored but its answer was lost', async () => {
    const { sink, state, total } = memorySink()
    state.failures = 1
    state.failAfterStoring = true
    const buffer = new UsageBuffer({ sink, intervalMs: 60_000, maxRows: 100 })
    for (let i = 0; i < 10; i++) buffer.record(event())
    expect(await buffer.flush().catch((error: unknown) => error)).to.be.instanceOf(Error)
    for (let i = 0; i < 5; i++) buffer.record(event())
    await buffer.close()
    expect(total('count')).to.equal(15)
  })

  it('keeps counting while the sink fails and writes everything when it works again', async () => {
    const errors: unknown[] = []
    const { sink, state, total } = memorySink()
    state.failures = 3
    const buffer = new UsageBuffer({
      sink,
      intervalMs: 5,
      maxRows: 100,
      onError: (error) => errors.push(error),
    })
    for (let i = 0; i < 20; i++) {
      buffer.record(event({ keyId: `k${i}` }))
      await sleep(2)
    }
    await sleep(50)
    expect(errors).to.have.length(3)
    expect(total('count')).to.equal(20)
    await buffer.close()
  })

  it('throws from close what it could not write after one more try', async () => {
    const { sink, state } = memorySink()
    state.failures = 2
    const buffer = new UsageBuffer({ sink, intervalMs: 60_000, maxRows: 100 })
    buffer.record(event())
    const failure = await buffer.close().then(
      () => undefined,
      (error: unknown) => error,
    )
    expect(failure).to.be.instanceOf(Error)
    expect(buffer.size).to.equal(1)
  })

  it('flushes by itself after the interval and when there are many counters', async () => {
    const { sink, state, total } = memorySink()
    const slow = new UsageBuffer({ sink, intervalMs: 60_000, maxRows: 10 })
    for (let i = 0; i < 10; i++) slow.record(event({ keyId: `k${i}` }))
    await sleep(20)
    expect(total('count')).to.equal(10)
    const quick = new UsageBuffer({ sink, intervalMs: 5, maxRows: 1000 })
    quick.record(event())
    await sleep(40)
    expect(total('count')).to.equal(11)
    expect(state.writes).to.equal(2)
    await Promise.all([slow.close(), quick.close()])
  })

  it('writes exactly what was recorded for every interleaving of records, flushes and failures', async () => {
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.nat({ max: 3 }).map((key) => ({ record: `k${key}` })) },
      { weight: 1, arbitrary: fc.constant({ flush: true }) },
      { weight: 1, arbitrary: fc.boolean().map((afterStoring) => ({ fail: afterStoring })) },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const { sink, state, total } = memorySink()
        const buffer = new UsageBuffer({ sink, intervalMs: 60_000, maxRows: 1000 })
        let recorded = 0
        const flushes: Promise<unknown>[] = []
        for (const one of steps) {
          if ('record' in one) {
            buffer.record(event({ keyId: one.record, credits: 2 }))
            recorded += 1
          } else if ('flush' in one) flushes.push(buffer.flush().catch(() => undefined))
          else Object.assign(state, { failures: 1, failAfterStoring: one.fail })
        }
        await Promise.all(flushes)
        state.failures = 0
        await buffer.close()
        expect(total('count')).to.equal(recorded)
        expect(total('credits')).to.equal(2 * recorded)
      }),
      { numRuns: 50 },
    )
  })
})
