import { appendFileSync, existsSync } from 'node:fs'
import { readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import fc from 'fast-check'
import { createDeployment } from '../../deployment/create-deployment.js'
import type { Deployment } from '../../deployment/deployment.js'
import { restartDelay } from './backoff.js'
import { logTail, rotateLog } from './log-files.js'
import { logTime } from './log-time.js'
import { readLogs } from './logs.js'
import { temporaryFolder } from './test-support.js'

const BOUNDS = { maxBytes: 1_000, keep: 3 }

describe('logs', () => {
  let parent: string
  let deployment: Deployment
  let log: string

  beforeEach(async () => {
    parent = await temporaryFolder()
    deployment = await createDeployment(join(parent, 'logs'), { config: { port: 8000 } })
    log = join(deployment.paths.logs, 'server.log')
  })

  afterEach(() => rm(parent, { recursive: true }))

  it('stay within their bounds, however much is written', async () => {
    for (let n = 0; n < 100; n++) {
      appendFileSync(log, `${'x'.repeat(200)} ${n}\n`)
      rotateLog(log, BOUNDS)
    }
    expect(existsSync(`${log}.3`)).to.equal(true)
    expect(existsSync(`${log}.4`)).to.equal(false)
    for (const file of [log, `${log}.1`, `${log}.2`, `${log}.3`]) {
      expect((await stat(file)).size).to.be.at.most(1_300)
    }
  })

  it('lose and repeat no line when rotated', async () => {
    for (let n = 0; n < 12; n++) {
      appendFileSync(log, `line ${n} ${'y'.repeat(200)}\n`)
      rotateLog(log, BOUNDS)
    }
    const files = [`${log}.2`, `${log}.1`, log]
    const text = (await Promise.all(files.map((file) => readFile(file, 'utf8')))).join('')
    expect(numbersIn(text.split('\n'))).to.deep.equal(Array.from({ length: 12 }, (_, n) => n))
    expect(numbersIn(await collect(deployment, 7))).to.deep.equal([5, 6, 7, 8, 9, 10, 11])
  })

  it('are followed across a rotation without a gap', async () => {
    appendFileSync(log, 'line 0\n')
    const seen: string[] = []
    const reading = (async () => {
      for await (const { line } of readLogs(deployment, { component: 'server', follow: true, lines: 20 })) {
        seen.push(line)
        if (line.includes('end')) return
      }
    })()
    for (let n = 1; n <= 30; n++) {
      appendFileSync(log, `line ${n} ${'z'.repeat(100)}\n`)
      rotateLog(log, BOUNDS)
      if (n % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 250))
    }
    appendFileSync(log, 'the e')
    await new Promise((resolve) => setTimeout(resolve, 250))
    appendFileSync(log, 'nd\n')
    await reading

    expect(numbersIn(seen)).to.deep.equal(Array.from({ length: 31 }, (_, n) => n))
    expect(seen.at(-1)).to.equal('the end')
  })

  it('of all components are merged by time, each continuation behind its line', async () => {
    appendFileSync(log, '{"level":30,"time":1795381003771,"msg":"b"}\n    at stack\n')
    appendFileSync(join(deployment.paths.logs, 'redis.log'), '7:M 22 Nov 2026 20:56:43.700 * a\n')
    appendFileSync(join(deployment.paths.logs, 'postgres.log'), '2026-11-22 20:56:43.800 UTC [1] LOG:  c\n')

    const merged: string[] = []
    for await (const { component } of readLogs(deployment, { follow: false, lines: 10 }))
      merged.push(component)
    expect(merged).to.deep.equal(['redis', 'server', 'server', 'postgres'])
  })

  it('of a component that does not exist are refused with the names of those that do', async () => {
    const error = await collect(deployment, 1, 'nginx').catch((reason: unknown) => reason)
    expect(error).to.include({ code: 'component_unknown', exitCode: 2 })
  })

  it('are empty, not an error, before anything was written', async () => {
    expect(await collect(deployment, 10)).to.deep.equal([])
    expect(logTail(log)).to.equal('')
  })
})

describe('logTime', () => {
  it('reads the times of every kind of line and of nothing else', () => {
    const time = Date.UTC(2026, 10, 22, 20, 56, 43, 708)
    expect(logTime('15899:M 22 Nov 2026 20:56:43.708 * Loading')).to.equal(time)
    expect(logTime('2026-11-22 20:56:43.708 UTC [15900] LOG:  x')).to.equal(time)
    expect(logTime('2026-11-22T20:56:43.708Z redis: healthy')).to.equal(time)
    expect(logTime(`{"level":30,"time":${time},"msg":"m"}`)).to.equal(time)
    expect(logTime(`{"time":"2026-11-22T20:56:43.708Z"}`)).to.equal(time)
    expect(logTime('    at file.js:1:2')).to.equal(undefined)
  })
})

describe('restartDelay', () => {
  it('is short once, then grows, and never exceeds half a minute', () => {
    expect(restartDelay(1)).to.be.at.most(100)
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), (deaths) => {
        const delay = restartDelay(deaths)
        return delay <= restartDelay(deaths + 1) && delay <= 30_000
      }),
    )
  })
})

async function collect(deployment: Deployment, lines: number, component = 'server'): Promise<string[]> {
  const found: string[] = []
  for await (const { line } of readLogs(deployment, { component, follow: false, lines })) found.push(line)
  return found
}

function numbersIn(lines: string[]): number[] {
  return lines.flatMap((line) =>
    /^line (\d+)/.exec(line)?.[1] ? [Number(/^line (\d+)/.exec(line)?.[1])] : [],
  )
}
