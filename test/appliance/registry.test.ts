import { randomBytes } from 'node:crypto'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { parse } from 'yaml'
import { openDeployment } from '../../cli/deployment/deployment.js'
import { CliError } from '../../cli/deployment/errors.js'
import type { DeploymentLock } from '../../cli/deployment/lock-file.js'
import { Engine } from '../../cli/runtimes/compose/engine.js'
import { composeAsset } from '../../cli/runtimes/compose/installation.js'
import { pullImage } from '../../cli/runtimes/compose/pull-image.js'
import { temporaryFolder } from '../../cli/testing/temporary-folder.js'
import { initAppliance, ok, uniqueName, type Vetrai, vetraiIn } from './deployment.js'
import { docker, idsOf } from './docker.js'
import { engineEnv, imageOverrides } from './engine.js'
import { LocalRegistry, withVariant } from './local-registry.js'

const NAME = uniqueName('registry')
const PROJECT = `vetrai-${NAME}`

/** A deployment whose images come from a registry; each test builds on the one before. */
describe('an appliance with a mirror', function () {
  this.timeout(300_000)
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let dir: string
  let vetrai: Vetrai
  let registry: LocalRegistry
  /** Digest by service, as the registry tells it. */
  const digests: Record<string, string> = {}
  let usual: Record<string, string>

  before(async () => {
    folder = await temporaryFolder()
    dir = join(folder.path, NAME)
    vetrai = vetraiIn(dir)
    registry = await LocalRegistry.begin()
    usual = parse(await composeAsset('images.yaml')) as Record<string, string>
    await initAppliance(vetrai, NAME, ['--objects', 'file', '--mirror', registry.address])
    for (const image of ['postgres', 'redis', 'proxy'] as const) {
      await ok(vetrai('config', 'set', `images.${image}`, '--unset'))
      await withVariant(imageOverrides()[image], 1, async (variant) => {
        digests[image] = await registry.push(variant, usual[image] ?? '')
      })
    }
  })
  after(async () => {
    await vetrai('uninstall', '--confirm', NAME, '--quiet')
    await registry.remove()
    await folder.remove()
  })

  const refOf = (image: string) => `${registry.address}/${usual[image]}`
  const lock = async () => JSON.parse(await readFile(join(dir, 'lock.json'), 'utf8')) as DeploymentLock
  const rendered = () => readFile(join(dir, 'compose.yaml'), 'utf8')
  const ready = async () => (await ok(vetrai('status', '--json'))).json<{ ready: boolean }>().ready

  it('pulls what it lacks, and names each image by the digest that the registry gave', async () => {
    await ok(vetrai('up'))
    const { images } = await lock()
    const { services } = parse(await rendered()) as { services: Record<string, { image: string }> }
    for (const [image, digest] of Object.entries(digests)) {
      expect(digest, image).to.match(/^sha256:[0-9a-f]{64}$/)
      expect(images?.[refOf(image)]?.digest, image).to.equal(digest)
      expect(services[image]?.image, image).to.equal(`${refOf(image)}@${digest}`)
    }
  })

  it('starts from what it has when the registry is gone', async () => {
    await registry.stop()
    expect((await ok(vetrai('up', '--json'))).json()).to.include({ changed: false })
    await ok(vetrai('down'))
    await ok(vetrai('up'))
    expect(await ready()).to.equal(true)
  })

  it('does not take a tag that was pushed anew, not even where somebody pulled it', async () => {
    await registry.start()
    const before = await idsOf(PROJECT)
    await withVariant(imageOverrides().redis, 1, async (variant) => {
      digests.redis = await registry.push(variant, usual.redis ?? '')
    })
    expect((await lock()).images?.[refOf('redis')]?.digest).not.to.equal(digests.redis)
    await docker('pull', '--quiet', refOf('redis'))
    expect((await ok(vetrai('up', '--json'))).json()).to.include({ changed: false })
    expect(await idsOf(PROJECT)).to.deep.equal(before)
  })

  it('takes it when lock.json says so, and remakes what uses it only', async () => {
    const { redis: earlier, ...others } = await idsOf(PROJECT)
    await docker('rmi', refOf('redis'))
    const known = await lock()
    const redis = { ...known.images?.[refOf('redis')], digest: digests.redis }
    await writeFile(
      join(dir, 'lock.json'),
      JSON.stringify({ ...known, images: { ...known.images, [refOf('redis')]: redis } }),
    )
    await ok(vetrai('up'))
    const { redis: later, ...same } = await idsOf(PROJECT)
    expect(later).not.to.equal(earlier)
    expect(same).to.deep.equal(others)
    expect((await lock()).images?.[refOf('redis')]?.digest).to.equal(digests.redis)
  })

  const wishes: Record<string, { image: string; isDown: boolean; reason: RegExp }> = {
    'has no such image': { image: 'nowhere:1', isDown: false, reason: /manifest unknown|not found/ },
    'is down': { image: 'valkey/elsewhere:1', isDown: true, reason: /refused/ },
  }
  for (const [what, { image, isDown, reason }] of Object.entries(wishes)) {
    it(`goes on as it is when the registry ${what}, and says what to do`, async () => {
      const before = { ids: await idsOf(PROJECT), text: await rendered(), lock: await lock() }
      if (isDown) await registry.stop()
      await ok(vetrai('config', 'set', 'images.redis', `${registry.address}/${image}`))
      const failed = await vetrai('up', '--json')
      expect(failed.code).to.equal(1)
      const { error } = failed.json<{ error: { code: string; message: string; next: string } }>()
      expect(error).to.include({ code: 'image_unavailable' })
      expect(error.message).to.include(`${registry.address}/${image}`).and.match(reason)
      expect(error.next).to.match(/images\.mirror.*vetrai bundle load FILE/)
      expect({ ids: await idsOf(PROJECT), text: await rendered(), lock: await lock() }).to.deep.equal(before)
      expect((await ok(vetrai('tenants', 'list', '--json'))).json()).to.have.property('data')
      await ok(vetrai('config', 'set', 'images.redis', '--unset'))
      expect((await ok(vetrai('up', '--json'))).json()).to.include({ changed: false })
    })
  }

  it('pulls the very same image again when the engine lost it', async () => {
    await registry.start()
    await ok(vetrai('down'))
    await docker('rmi', `${refOf('redis')}@${digests.redis}`)
    await ok(vetrai('up'))
    expect((await lock()).images?.[refOf('redis')]?.digest).to.equal(digests.redis)
  })
})

describe('a pull', function () {
  this.timeout(120_000)
  const login = { user: 'ops', password: randomBytes(12).toString('hex') }
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let usualEnv: NodeJS.ProcessEnv

  before(async () => {
    folder = await temporaryFolder()
    usualEnv = { ...process.env }
    Object.assign(process.env, engineEnv())
  })
  after(async () => {
    process.env = usualEnv
    await folder.remove()
  })

  async function engine(): Promise<Engine> {
    const dir = join(folder.path, 'pull')
    await initAppliance(vetraiIn(dir), 'pull').catch(() => undefined)
    return Engine.open(await openDeployment(dir))
  }

  /** Pulls, and gives the megabytes that it told of. */
  async function pulled(name: string): Promise<{ done: number; all: number }[]> {
    const told: string[] = []
    const step = {
      update: (detail: string) => told.push(detail),
      done: () => undefined,
      fail: () => undefined,
    }
    await pullImage(await engine(), name, ['redis'], step)
    return told.map((detail) => {
      const [, done, all] = /^redis: (\d+) of (\d+) MB$/.exec(detail) ?? []
      return { done: Number(done), all: Number(all) }
    })
  }

  it('tells how far it is, by bytes, and never goes back', async () => {
    const registry = await LocalRegistry.begin()
    try {
      await withVariant(imageOverrides().redis, 64, (variant) => registry.push(variant, 'big:1'))
      const told = await pulled(`${registry.address}/big:1`)
      const steps = told.map(({ done }) => done)
      expect(steps).to.deep.equal([...steps].sort((a, b) => a - b))
      expect(told.at(-1)).to.deep.equal({ done: 64, all: 64 })
      expect(new Set(steps).size, steps.join(' ')).to.be.greaterThan(2)
    } finally {
      await registry.remove()
    }
  })

  it('uses the login that docker login keeps, and says so where there is none', async () => {
    const registry = await LocalRegistry.begin(login)
    const config = await mkdtemp(join(tmpdir(), 'vetrai-docker-'))
    const usual = process.env.DOCKER_CONFIG
    try {
      if (usual) await cp(usual, config, { recursive: true })
      const auth = Buffer.from(`${login.user}:${login.password}`).toString('base64')
      await writeFile(
        join(config, 'config.json'),
        JSON.stringify({ auths: { [registry.address]: { auth } } }),
      )
      await docker('tag', imageOverrides().redis, `${registry.address}/private:1`)
      await docker('--config', config, 'push', '--quiet', `${registry.address}/private:1`)
      await docker('rmi', `${registry.address}/private:1`)

      const refused = await pulled(`${registry.address}/private:1`).catch((error: unknown) => error)
      expect(refused).to.be.instanceOf(CliError).with.property('code', 'image_unavailable')
      expect(refused).to.have.property('next').that.includes('docker login')

      process.env.DOCKER_CONFIG = config
      await pulled(`${registry.address}/private:1`)
      expect(
        await docker('image', 'inspect', '--format', '{{.Id}}', `${registry.address}/private:1`),
      ).to.match(/^sha256:/)
    } finally {
      if (usual === undefined) delete process.env.DOCKER_CONFIG
      else process.env.DOCKER_CONFIG = usual
      await rm(config, { recursive: true, force: true })
      await registry.remove()
    }
  })
})
