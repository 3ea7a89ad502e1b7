import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { access, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import bcrypt from 'bcrypt'
import { findFreePort } from '../../cli/deployment/free-port.js'
import { fetchDebianPackages } from '../../cli/runtimes/embedded/apt-private-view.js'
import { cached } from '../../cli/runtimes/embedded/cache-folder.js'
import { until } from '../until.js'
import { docker } from './docker.js'

/** Where programs that only tests use are kept, beside the engine of the tests. */
const PROGRAMS = join(process.env.VETRAI_CI_CACHE ?? '/var/cache/vetrai-ci', 'programs')
const MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json'

/** A registry of a test's own, on this host. */
export class LocalRegistry {
  #server: ChildProcess | undefined

  private constructor(
    /** `127.0.0.1:PORT`, which every engine of this host speaks to without TLS. */
    readonly address: string,
    private readonly program: string,
    private readonly folder: string,
  ) {}

  /** Starts one that holds nothing; with a login it asks everybody for it. */
  static async begin(login?: { user: string; password: string }): Promise<LocalRegistry> {
    const address = `127.0.0.1:${await findFreePort()}`
    const folder = await mkdtemp(join(tmpdir(), 'vetrai-registry-'))
    const users = join(folder, 'users')
    if (login) await writeFile(users, `${login.user}:${await bcrypt.hash(login.password, 4)}\n`)
    const config = {
      version: 0.1,
      log: { level: 'error' },
      storage: { filesystem: { rootdirectory: join(folder, 'data') } },
      http: { addr: address },
      ...(login && { auth: { htpasswd: { realm: 'test', path: users } } }),
    }
    // JSON is YAML.
    await writeFile(join(folder, 'config.yml'), JSON.stringify(config))
    const registry = new LocalRegistry(address, await findProgram(), folder)
    await registry.start()
    return registry
  }

  /** Safe to repeat. */
  async start(): Promise<void> {
    this.#server ??= spawn(this.program, ['serve', join(this.folder, 'config.yml')], { stdio: 'ignore' })
    await until(async () => (await this.#get('')) !== undefined)
  }

  /** Is gone as a registry that is switched off; what it holds stays. */
  async stop(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    if (!server || server.exitCode !== null) return
    server.kill('SIGKILL')
    await once(server, 'exit')
  }

  /** Pushes an image of the engine under a name; the engine forgets that name. Gives the digest, as the registry tells it. */
  async push(image: string, name: string): Promise<string> {
    const target = `${this.address}/${name}`
    await docker('tag', image, target)
    await docker('push', '--quiet', target)
    await docker('rmi', target)
    return this.digestOf(name)
  }

  /** Digest of what a tag means now. */
  async digestOf(name: string): Promise<string> {
    const [repository, tag] = name.split(':')
    const answer = await this.#get(`${repository}/manifests/${tag}`)
    return answer?.headers.get('docker-content-digest') ?? ''
  }

  /** Stops it, and has engine and disk forget all of it. */
  async remove(): Promise<void> {
    await this.stop()
    const names = await docker('images', '--digests', '--format', '{{.Repository}} {{.Tag}} {{.Digest}}')
    for (const line of names.split('\n')) {
      const [repository = '', tag, digest] = line.split(' ')
      if (!repository.startsWith(`${this.address}/`)) continue
      const name = tag === '<none>' ? `${repository}@${digest}` : `${repository}:${tag}`
      await docker('rmi', name).catch(() => undefined)
    }
    await rm(this.folder, { recursive: true, force: true })
  }

  async #get(path: string): Promise<Response | undefined> {
    return fetch(`http://${this.address}/v2/${path}`, { headers: { accept: MANIFEST } }).catch(
      () => undefined,
    )
  }
}

/** An image like another one, with `mb` more that no engine has; it is not kept after `work`. */
export async function withVariant<T>(
  image: string,
  mb: number,
  work: (variant: string) => Promise<T>,
): Promise<T> {
  const mark = randomBytes(4).toString('hex')
  const [variant, container] = [`vetrai-variant:${mark}`, `vetrai-variant-${mark}`]
  const folder = await mkdtemp(join(tmpdir(), 'vetrai-variant-'))
  try {
    await writeFile(join(folder, 'variant'), randomBytes(mb * 1024 * 1024), { mode: 0o644 })
    await docker('create', '--name', container, image)
    await docker('cp', join(folder, 'variant'), `${container}:/variant-${mark}`)
    await docker('commit', container, variant)
    return await work(variant)
  } finally {
    await docker('rm', '--force', container).catch(() => undefined)
    await docker('rmi', variant).catch(() => undefined)
    await rm(folder, { recursive: true, force: true })
  }
}

/** The registry of this host, else Debian's, unpacked for tests. */
async function findProgram(): Promise<string> {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder, 'docker-registry')
    if (await isThere(path)) return path
  }
  await mkdir(PROGRAMS, { recursive: true })
  const { folder } = await cached(
    'docker-registry',
    (draft) => fetchDebianPackages(['docker-registry'], draft, { withLibraries: false }),
    PROGRAMS,
  )
  return join(folder, 'usr/bin/docker-registry')
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
