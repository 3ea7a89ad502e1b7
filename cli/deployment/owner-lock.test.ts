import { spawn } from 'node:child_process'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { acquireLock } from './owner-lock.js'
import { identify, identifySelf, isAlive } from './process-identity.js'

describe('owner lock', () => {
  let folder: string
  let path: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vetrai-lock-'))
    path = join(folder, 'x.lock')
  })

  afterEach(() => rm(folder, { recursive: true }))

  it('tells who holds it while its owner lives', async () => {
    const held = await acquireLock(path, 'backup')
    const second = await acquireLock(path, 'up')

    expect(second).to.have.property('heldBy').that.includes({ pid: process.pid, purpose: 'backup' })
    if ('release' in held) await held.release()
    expect(await readdir(folder)).to.deep.equal([])
  })

  it('is taken over from a process that died', async () => {
    const child = spawn(process.execPath, ['-e', ''], { stdio: 'ignore' })
    const identity = identify(child.pid ?? 0)
    await new Promise((resolve) => child.once('exit', resolve))
    await writeFile(path, JSON.stringify({ ...identity, purpose: 'up', since: '' }))

    expect(await acquireLock(path, 'up')).to.have.property('release')
  })

  it('is taken over when the process id now belongs to another program', async () => {
    await writeFile(path, JSON.stringify({ pid: process.pid, start: '1', purpose: 'up', since: '' }))
    expect(await acquireLock(path, 'up')).to.have.property('release')
  })

  it('is taken over when a crash left it empty', async () => {
    await writeFile(path, '')
    expect(await acquireLock(path, 'up')).to.have.property('release')
  })

  it('goes to exactly one of many who find a dead owner at once', async () => {
    await writeFile(path, JSON.stringify({ pid: 1, start: 'x', purpose: 'up', since: '' }))
    const results = await Promise.all(Array.from({ length: 30 }, () => acquireLock(path, 'up')))
    expect(results.filter((result) => 'release' in result)).to.have.length(1)
  })

  it('waits for its turn', async () => {
    const held = await acquireLock(path, 'up')
    setTimeout(() => 'release' in held && void held.release(), 80)
    expect(await acquireLock(path, 'down', 2_000)).to.have.property('release')
  })
})

describe('process identity', () => {
  it('knows this process and no process that does not exist', () => {
    expect(isAlive(identifySelf())).to.equal(true)
    expect(identify(2 ** 30)).to.equal(undefined)
  })
})
