import { existsSync } from 'node:fs'
import { chmod, mkdir, rm, stat, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import { cached, leaseCache, releaseCache } from './cache-folder.js'
import { askSupervisor, serveControl } from './control-protocol.js'
import { chooseSocket } from './control-socket.js'
import { planPath } from './plan.js'
import { temporaryFolder } from './test-support.js'

describe('control socket', () => {
  let folder: string

  beforeEach(async () => {
    folder = await temporaryFolder()
  })

  afterEach(() => rm(folder, { recursive: true }))

  it('lies in the run folder, or in a short private one when that path is too long', async () => {
    expect(await chooseSocket('/srv/vetrai/run')).to.equal('/srv/vetrai/run/supervisor.sock')
    const long = await chooseSocket(join(folder, 'x'.repeat(120)))
    expect(Buffer.byteLength(long)).to.be.lessThan(104)
    expect((await stat(dirname(long))).mode & 0o777).to.equal(0o700)
    await rm(dirname(long), { recursive: true })
  })

  it('is used again where it was, unless its folder is gone or anybody else could have made it', async () => {
    const run = join(folder, 'x'.repeat(120))
    const first = await chooseSocket(run)
    const known = dirname(first)
    await mkdir(run)
    await writeFile(planPath(run), JSON.stringify({ socket: first }))
    expect(await chooseSocket(run)).to.equal(first)
    await chmod(known, 0o755)
    const second = await chooseSocket(run)
    expect(second).to.not.equal(first)
    await rm(known, { recursive: true })
    const third = await chooseSocket(run)
    expect(third).to.not.equal(first)
    for (const path of [second, third]) await rm(dirname(path), { recursive: true })
  })

  it('answers a request that fails with the reason, and survives nonsense', async () => {
    const path = join(folder, 's')
    const server = await serveControl(path, async (request) => {
      if (request.command === 'stop') throw new Error('not now')
      return { ok: false, error: 'plain' }
    })
    expect(await askSupervisor(path, { command: 'stop' })).to.deep.equal({ ok: false, error: 'not now' })
    const nonsense = await new Promise<string>((resolve) => {
      const socket = connect(path, () => socket.write('nonsense\n'))
      socket.once('data', (data) => resolve(String(data)))
    })
    expect(JSON.parse(nonsense)).to.have.property('ok', false)
    expect(await askSupervisor(path, { command: 'status' })).to.deep.equal({ ok: false, error: 'plain' })
    await new Promise((resolve) => server.close(resolve))
    expect(await askSupervisor(path, { command: 'status' })).to.equal(undefined)
  })
})

describe('program cache', () => {
  let root: string

  beforeEach(async () => {
    root = join(await temporaryFolder(), 'cache')
  })

  afterEach(() => rm(dirname(root), { recursive: true }))

  it('builds a folder once, however many ask for it', async () => {
    let builds = 0
    const build = async (draft: string) => {
      builds++
      await mkdir(join(draft, 'bin'))
    }
    const results = await Promise.all(Array.from({ length: 8 }, () => cached('x-1', build, root)))
    expect(builds).to.equal(1)
    expect(results.filter(({ built }) => built)).to.have.length(1)
    expect(existsSync(join(root, 'x-1', 'bin'))).to.equal(true)
  })

  it('shows no half-built folder after a failure, and builds it the next time', async () => {
    const failing = cached('x-1', () => Promise.reject(new Error('no network')), root)
    expect(String(await failing.catch((reason: unknown) => reason))).to.include('no network')
    expect(existsSync(join(root, 'x-1'))).to.equal(false)
    expect((await cached('x-1', async () => {}, root)).built).to.equal(true)
  })

  it('is removed with its last user, dead users not counted', async () => {
    const deployment = dirname(root)
    await leaseCache('mine', undefined, root)
    await leaseCache('gone', join(deployment, 'gone'), root)
    await leaseCache('second', undefined, root)
    expect(await releaseCache('mine', root)).to.deep.equal({ removed: false })
    expect(await releaseCache('second', root)).to.deep.equal({ removed: true })
    expect(existsSync(root)).to.equal(false)
  })
})
