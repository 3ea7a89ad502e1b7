import { expect } from 'chai'
import { type EngineFacts, imageArchitecture, readEngineFacts } from '../clients/engine-facts.js'
import { CliError } from '../deployment/errors.js'
import type { CheckContext } from './check.js'
import { components } from './components.js'
import { judgeCompose } from './compose-plugin.js'
import { judgeLimits } from './container-limits.js'
import { judgeContainerMemory } from './container-memory.js'
import { disk } from './disk.js'
import { engine, judgeEngine } from './engine.js'
import { judgeArchitecture } from './image-architecture.js'
import { kernel } from './kernel.js'
import { volumesDisk } from './volumes-disk.js'

const MIB = 1024 ** 2
const GIB = 1024 ** 3
const refused = new CliError({
  code: 'docker_denied',
  message: 'You may not.',
  next: 'Join the group.',
  exitCode: 3,
})

describe('doctor’s checks of a host for containers', () => {
  it('say nothing of Docker where the runtime needs none', async () => {
    for (const check of [engine, volumesDisk, kernel]) {
      expect(await check.run(context({})), check.name).to.equal(undefined)
    }
    expect(await disk.run(context({}))).not.to.equal(undefined)
  })

  it('say why an engine cannot be used, once, with what helps', async () => {
    const denied = context({ engine: () => Promise.reject(refused), statusProblem: refused })
    expect(await engine.run(denied)).to.deep.equal({
      level: 'fail',
      detail: 'You may not.',
      remedy: 'Join the group.',
    })
    for (const check of [volumesDisk, kernel, components]) {
      expect(await check.run(denied), check.name).to.equal(undefined)
    }
  })

  it('judge the engine by its version and its storage driver', () => {
    const of = (version: string, storageDriver = 'overlay2') =>
      judgeEngine({ version, storageDriver, architecture: 'amd64' }).level
    expect(of('19.03.15')).to.equal('fail')
    expect(of('20.10.24+dfsg1')).to.equal('ok')
    expect(of('28.2.2')).to.equal('ok')
    expect(of('28.2.2', 'vfs')).to.equal('warn')
  })

  it('judge the Compose plugin', () => {
    expect(judgeCompose(undefined).level).to.equal('fail')
    expect(judgeCompose('2.19.1').level).to.equal('fail')
    expect(judgeCompose('2.20.0').level).to.equal('ok')
    expect(judgeCompose('2.26.1-4').level).to.equal('ok')
    expect(judgeCompose('5.0.0').level).to.equal('ok')
  })

  it('find images that were made for another machine', () => {
    const images = [
      { name: 'postgres:17', architecture: 'arm64' },
      { name: 'caddy:2', architecture: 'amd64' },
    ]
    expect(judgeArchitecture('amd64', images)).to.deep.include({
      level: 'warn',
      remedy: 'docker pull --platform linux/amd64 postgres:17',
    })
    expect(judgeArchitecture('arm64', images)?.detail).to.include('caddy:2 is for amd64')
    expect(judgeArchitecture('amd64', images.slice(1))?.level).to.equal('ok')
    expect(judgeArchitecture('amd64', [])).to.equal(undefined)
    expect(['x86_64', 'aarch64', 'riscv64'].map(imageArchitecture)).to.deep.equal([
      'amd64',
      'arm64',
      'riscv64',
    ])
  })

  it('judge whether memory can be limited', () => {
    const of = (limitsMemory: boolean, limitsSwap = true) =>
      judgeLimits({ limitsMemory, limitsSwap, cgroupVersion: '2' })
    expect(of(false)).to.include({ level: 'warn' })
    expect(of(true)).to.include({ level: 'ok' })
    expect(of(true, false).detail).to.include('swap is not')
  })

  it('judge memory by what the containers are sized for, and ask small hosts for swap', () => {
    const of = (memory: number, swap: number | undefined, wantedMb: number) =>
      judgeContainerMemory({ memory, swap, wantedMb }).level
    expect(of(4 * GIB, 0, 8_192)).to.equal('fail')
    expect(of(8 * GIB, 0, 8_192)).to.equal('ok')
    expect(of(900 * MIB, 0, 1_024)).to.equal('fail')
    // What a machine of 1 GB has once its kernel took its part.
    expect(of(960 * MIB, 2 * GIB, 1_024)).to.equal('ok')
    expect(of(960 * MIB, 0, 1_024)).to.equal('warn')
    expect(of(960 * MIB, undefined, 1_024)).to.equal('ok')
  })

  it('do not hide why a runtime cannot say how it stands', async () => {
    const unknown = context({
      statusProblem: new CliError({ code: 'lock_invalid', message: 'x', next: 'y' }),
    })
    const thrown = await components.run(unknown).catch((error: unknown) => error)
    expect(thrown).to.include({ code: 'lock_invalid' })
  })

  function context(parts: Partial<CheckContext>): CheckContext {
    return {
      ...{ stage: 'doctor', dir: '/', configProblems: undefined },
      ...{ deployment: undefined, runtime: undefined, status: undefined },
      ...parts,
    }
  }
})

const here: EngineFacts | undefined = await readEngineFacts().catch(() => undefined)
if (here) {
  describe('doctor’s checks on the engine of this host', () => {
    it('read what it says of itself', () => {
      expect(here.version).to.match(/^\d+\.\d+/)
      expect(['amd64', 'arm64']).to.include(here.architecture)
      expect(here.memory).to.be.greaterThan(GIB / 4)
      expect(here.time, 'its clock').to.be.closeTo(Date.now(), 120_000)
    })
  })
}
