import { existsSync } from 'node:fs'
import { copyFile, open, readdir, readFile, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { parse } from 'yaml'
import type { DeploymentLock } from '../../cli/deployment/lock-file.js'
import type { BundleSummary } from '../../cli/operations/create-bundle.js'
import type { LoadedBundle } from '../../cli/operations/load-bundle.js'
import { composeAsset } from '../../cli/runtimes/compose/installation.js'
import { missingFields } from '../../cli/testing/documented.js'
import { runVetrai } from '../../cli/testing/run-vetrai.js'
import { temporaryFolder } from '../../cli/testing/temporary-folder.js'
import { initAppliance, ok, secretsOf, uniqueName, type Vetrai, vetraiIn } from './deployment.js'
import { engineEnv, imageOverrides } from './engine.js'
import { LocalRegistry } from './local-registry.js'
import { LonelyHost, type LonelyRun, mayBeLonely } from './lonely-host.js'

const NAME = uniqueName('bundle')

/** Made where there is a registry, used where there is none; each test builds on the one before. */
describe('a bundle of an appliance', function () {
  this.timeout(300_000)
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let dir: string
  let file: string
  let vetrai: Vetrai
  let registry: LocalRegistry
  let redis: { ref: string; digest: string }
  let bundle: BundleSummary

  before(async () => {
    folder = await temporaryFolder()
    dir = join(folder.path, NAME)
    file = join(folder.path, 'vetrai.bundle')
    vetrai = vetraiIn(dir)
    registry = await LocalRegistry.begin()
    const usual = parse(await composeAsset('images.yaml')) as { redis: string }
    redis = { ref: usual.redis, digest: await registry.push(imageOverrides().redis, usual.redis) }
    await initAppliance(vetrai, NAME, ['--objects', 'file', '--mirror', registry.address])
    await ok(vetrai('config', 'set', 'images.redis', '--unset'))
  })
  after(async () => {
    await vetrai('uninstall', '--confirm', NAME, '--quiet')
    await registry.remove()
    await folder.remove()
  })

  it('is not there when making it was interrupted', async () => {
    const argv = ['bundle', 'create', file, '--dir', dir]
    const killed = await runVetrai(argv, {
      env: engineEnv(),
      killedWhen: () => existsSync(`${file}.partial`),
    })
    expect(killed.code, killed.stdout + killed.stderr).to.equal(null)
    expect(existsSync(file)).to.equal(false)
  })

  it('holds every image of the Compose file and the command line, for its owner only', async () => {
    const argv = ['bundle', 'create', file]
    const created = await ok(vetrai(...argv, '--json'))
    bundle = created.json<BundleSummary & Record<string, unknown>>()
    expect(missingFields(argv, bundle)).to.deep.equal([])
    const { server, ...others } = Object.fromEntries(
      bundle.images.map(({ ref }) => [ref.startsWith('vetrai/server:') ? 'server' : ref, ref]),
    )
    expect(server).to.match(/^vetrai\/server:/)
    const { postgres, proxy } = imageOverrides()
    expect(Object.keys(others).sort()).to.deep.equal([postgres, proxy, redis.ref].sort())
    expect(bundle.images.find(({ ref }) => ref === redis.ref)).to.include(redis)
    expect((await stat(file)).mode & 0o777).to.equal(0o600)
    expect((await readdir(folder.path)).sort()).to.deep.equal([NAME, 'vetrai.bundle'])
  })

  it('is listed as it was made, and never written over', async () => {
    const listed = await ok(vetrai('bundle', 'list', file, '--json'))
    expect(missingFields(['bundle', 'list'], listed.json())).to.deep.equal([])
    expect(listed.json()).to.deep.equal(bundle)
    const refused = await vetrai('bundle', 'create', file)
    expect(refused.code).to.equal(4)
    expect(await codeOf(vetrai('bundle', 'create', file, '--json'))).to.equal('file_exists')
  })

  it('is refused when a byte is wrong or the end is missing, before anything of it is used', async () => {
    const before = await readFile(join(dir, 'lock.json'), 'utf8')
    const cli = join(folder.path, 'cli')
    const load = () => codeOf(vetrai('bundle', 'load', file, '--cli', cli, '--json'))
    const end = (await stat(file)).size
    await changeByte(file, end - 200_000, async () => {
      expect(await load()).to.equal('bundle_damaged')
    })
    const tail = join(folder.path, 'tail')
    await copyFile(file, tail)
    await truncate(tail, end - 200_000)
    expect(await codeOf(vetrai('bundle', 'load', tail, '--cli', cli, '--json'))).to.equal('bundle_damaged')
    expect((await readdir(folder.path)).sort()).to.deep.equal([NAME, 'tail', 'vetrai.bundle'])
    expect(await readFile(join(dir, 'lock.json'), 'utf8')).to.equal(before)
  })

  it('is refused on another architecture', async () => {
    const at = (await readStart(file)).indexOf('"architecture": "') + '"architecture": "'.length
    await changeByte(file, at, async () => {
      expect(await codeOf(vetrai('bundle', 'load', file, '--json'))).to.equal('bundle_architecture')
    })
  })

  it('changes nothing on a host that has all of it', async () => {
    const before = await readFile(join(dir, 'lock.json'), 'utf8')
    const argv = ['bundle', 'load', file]
    const loaded = (await ok(vetrai(...argv, '--json'))).json<LoadedBundle & Record<string, unknown>>()
    expect(missingFields(argv, loaded)).to.deep.equal([])
    expect(loaded).to.include({ deployment: dir, cli_dir: null })
    expect(await readFile(join(dir, 'lock.json'), 'utf8')).to.equal(before)
  })

  if (mayBeLonely) {
    describe('on a host with Docker, Node and no network', () =>
      lonelyHolds({ file: () => file, dir: () => dir, bundle: () => bundle, redis: () => redis }))
  }
})

/** What the tests before have made; its members may be used inside tests only. */
interface Made {
  file: () => string
  dir: () => string
  bundle: () => BundleSummary
  redis: () => { ref: string; digest: string }
}

/** The same bundle, used where nothing else can be had. */
function lonelyHolds({ file, dir, bundle, redis }: Made): void {
  let host: LonelyHost
  let home: string
  let program = 'vetrai/bin/vetrai'
  const there = (...argv: string[]) => host.run(program, ...argv, '--dir', home)
  const json = async <T>(...argv: string[]): Promise<T> => {
    const done = await there(...argv, '--json')
    expect(done.code, done.stdout + done.stderr).to.equal(0)
    return JSON.parse(done.stdout) as T
  }
  const refusedUp = async () => {
    const done = await there('up', '--json')
    expect(done.code, done.stdout + done.stderr).to.equal(1)
    return done
  }

  before(async () => {
    host = await LonelyHost.begin()
    home = join(host.folder, 'deployment')
    await copyFile(file(), join(host.folder, 'vetrai.bundle'))
  })
  after(() => host.remove())

  it('brings its own command line, by the very words of its README', async () => {
    const readme = (await host.run('tar', '-xOf', 'vetrai.bundle', 'README.txt')).stdout
    const [, words = ''] = /Node [\d.]+ or later: (mkdir .*)$/m.exec(readme) ?? []
    await good(host.run('sh', '-c', words))
    expect((await good(host.run(program, '--version'))).stdout).to.match(/^vetrai\//)
    expect(readme).to.include("vetrai/bin/vetrai bundle load 'vetrai.bundle'")
  })

  it('brings no secret and no setting of where it was made', async () => {
    const secrets = Object.entries(await secretsOf(dir()))
    const files = await filesBelow(join(host.folder, 'vetrai'))
    expect(files.length).to.be.greaterThan(1_000)
    const own = files.filter((path) => /\/(vetrai\.yml|lock\.json|operator-password)$/.test(path))
    expect(own).to.deep.equal([])
    const found: string[] = []
    for (const path of files) {
      const content = await readFile(path)
      found.push(...secrets.filter(([, value]) => content.includes(value)).map(([name]) => `${name} ${path}`))
    }
    const start = await readStart(file())
    found.push(...secrets.filter(([, value]) => start.includes(value)).map(([name]) => name))
    expect(found).to.deep.equal([])
  })

  it('says that it has to be loaded where it was not', async () => {
    const init = ['init', '--runtime', 'compose', '--yes', '--name', 'lonely', '--memory-mb', '2048']
    await good(there(...init, '--port', '8000', '--objects', 'file'))
    await good(there('config', 'set', 'images.postgres', imageOverrides().postgres))
    const { error } = JSON.parse((await refusedUp()).stdout) as { error: { code: string; next: string } }
    expect(error.code).to.equal('image_unavailable')
    expect(error.next).to.include('vetrai bundle load FILE')
  })

  it('is loaded, and lock.json knows the digests of where it was made', async () => {
    const loaded = await json<LoadedBundle>('bundle', 'load', 'vetrai.bundle', '--cli', 'second')
    expect(loaded).to.include({ deployment: home, cli_dir: join(host.folder, 'second') })
    expect(loaded.images).to.have.length(bundle().images.length)
    const { images } = JSON.parse(await readFile(join(home, 'lock.json'), 'utf8')) as DeploymentLock
    expect(images?.[redis().ref]).to.include({ digest: redis().digest, name: redis().ref })
    // Not in use so far.
    expect(images?.[imageOverrides().proxy]).to.include({ name: `${imageOverrides().proxy}:latest` })
    await good(there('config', 'set', 'images.proxy', imageOverrides().proxy))
  })

  it('serves, without a pull and without a build', async () => {
    program = 'second/bin/vetrai'
    expect(await json('up')).to.include({ changed: true })
    expect(await json('tenants', 'create', 'acme')).to.include({ slug: 'acme' })
    expect(await json('up')).to.include({ changed: false })
    const { services } = parse(await readFile(join(home, 'compose.yaml'), 'utf8')) as {
      services: Record<string, { image: string }>
    }
    expect(services.redis?.image).to.equal(redis().ref)
    expect(bundle().images.map(({ ref }) => ref)).to.include(services.server?.image)
  })

  it('goes on with the image that was loaded, and takes no other one that came by its name', async () => {
    const loaded = await good(host.run('docker', 'image', 'inspect', '--format', '{{.Id}}', redis().ref))
    await good(host.run('docker', 'tag', imageOverrides().postgres, redis().ref))
    const { error } = JSON.parse((await refusedUp()).stdout) as { error: { code: string; message: string } }
    expect(error.code).to.equal('image_unavailable')
    expect(error.message).to.include(`${redis().ref}@${redis().digest}`)
    await good(host.run('docker', 'tag', loaded.stdout.trim(), redis().ref))
    expect(await json('up')).to.include({ changed: false })
  })

  it('passes on what it brought: a bundle of the bundle', async () => {
    const again = await json<BundleSummary>('bundle', 'create', 'again.bundle')
    const facts = ({ images }: BundleSummary) => images.map(({ ref, digest }) => ({ ref, digest }))
    expect(facts(again)).to.have.deep.members(facts(bundle()))
    expect(again.cli).to.deep.equal(bundle().cli)
  })
}

async function codeOf(run: ReturnType<Vetrai>): Promise<string | undefined> {
  const done = await run
  expect(done.code, done.stdout + done.stderr).to.be.oneOf([1, 4])
  return done.json<{ error: { code: string } }>().error.code
}

async function good(run: Promise<LonelyRun>): Promise<LonelyRun> {
  const done = await run
  expect(done.code, done.stdout + done.stderr).to.equal(0)
  return done
}

/** Does work while one byte of a file is another one. */
async function changeByte(path: string, at: number, work: () => Promise<void>): Promise<void> {
  const handle = await open(path, 'r+')
  const byte = Buffer.alloc(1)
  await handle.read(byte, 0, 1, at)
  try {
    await handle.write(Buffer.from([(byte[0] ?? 0) ^ 1]), 0, 1, at)
    await work()
  } finally {
    await handle.write(byte, 0, 1, at)
    await handle.close()
  }
}

/** Manifest and README, which come first. */
async function readStart(path: string): Promise<Buffer> {
  const handle = await open(path, 'r')
  const start = Buffer.alloc(68 * 1024)
  await handle.read(start, 0, start.length, 0)
  await handle.close()
  return start
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}
