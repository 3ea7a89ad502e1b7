import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { expect } from 'chai'
import fc from 'fast-check'
import { parse } from 'yaml'
import { createDeployment } from '../../deployment/create-deployment.js'
import type { Deployment } from '../../deployment/deployment.js'
import { writeRecoveryKit } from '../../deployment/recovery-folder.js'
import type { DeploymentConfigInput } from '../../deployment/schema.js'
import { GENERATED_SECRETS } from '../../deployment/secrets.js'
import { temporaryFolder } from '../../testing/temporary-folder.js'
import { type ComposeFile, render } from './render.js'

type Wish = Partial<DeploymentConfigInput>

/** Every kind of deployment that vetrai.yml can ask for. */
const wishes: fc.Arbitrary<Wish> = fc.record({
  database: fc.constantFrom({}, { url: 'postgres://db.example.com/vetrai' }),
  redis: fc.constantFrom({}, { url: 'rediss://cache.example.com:6380' }),
  objects: fc.constantFrom<NonNullable<Wish['objects']>>(
    { store: 'file' },
    { store: 'built-in' },
    { store: 'built-in', engine: 'seaweedfs' },
    { store: 's3', s3: { endpoint: 'https://s3.example.com', bucket: 'b', access_key: 'k' } },
  ),
  workers: fc.record({ processes: fc.constantFrom(0, 1, 3) }),
  proxy: fc.constantFrom({}, { domain: 'api.example.com', email: 'ops@example.com' }),
  monitoring: fc.constantFrom({}, { prometheus: true }),
  mail: fc.constantFrom({}, { from: 'Shop & $Co <no-reply@example.com>' }),
})

const ONE_OFF = ['migrate', 'backup-tool']
const WAL = ['postgres', 'wal', 'wal-restore']

describe('a rendered Compose file', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let count = 0

  before(async () => {
    folder = await temporaryFolder()
  })
  after(() => folder.remove())

  async function deployment(wish: Wish = {}): Promise<Deployment> {
    count += 1
    return createDeployment(join(folder.path, `d${count}`), {
      config: { name: 'shop', runtime: 'compose', resources: { memory_mb: 2_048 }, port: 8000, ...wish },
    })
  }

  async function rendered(wish: Wish = {}): Promise<ComposeFile> {
    return (await render(await deployment(wish))).file
  }

  it('hardens every container, whatever was asked for', async () => {
    await fc.assert(
      fc.asyncProperty(wishes, async (wish) => {
        const { services } = await rendered(wish)
        for (const [name, service] of Object.entries(services)) {
          expect(service, name).to.deep.include({ read_only: true, cap_drop: ['ALL'], init: true })
          expect(service.security_opt, name).to.deep.equal(['no-new-privileges:true'])
          expect(service.user, name).to.match(/^[1-9]\d*:[1-9]\d*$/)
          expect(service.mem_limit, name).to.match(/^\d+m$/)
          const kept = { driver: 'json-file', options: { 'max-size': '10m', 'max-file': '5' } }
          expect(service.logging, name).to.deep.equal(name === 'backup-tool' ? { driver: 'none' } : kept)
          if (!ONE_OFF.includes(name)) expect(service.healthcheck, name).to.be.an('object')
        }
      }),
      { numRuns: 40 },
    )
  })

  it('publishes beyond loopback what the proxy serves for a domain, and nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(wishes, async (wish) => {
        const { services } = await rendered(wish)
        for (const [name, service] of Object.entries(services)) {
          const ports = (service.ports ?? []) as ({ host_ip: string } | string)[]
          const open = ports.filter((port) =>
            typeof port === 'string' ? !port.startsWith('127.0.0.1:') : port.host_ip !== '127.0.0.1',
          )
          expect(open.length, name).to.equal(name === 'proxy' && wish.proxy?.domain ? 3 : 0)
        }
      }),
      { numRuns: 40 },
    )
  })

  it('keeps stores in the network that leads nowhere', async () => {
    const { services, networks } = await rendered({ objects: { store: 'built-in' } })
    expect(networks.back).to.deep.equal({ internal: true })
    for (const name of ['postgres', 'redis', 'object-store'])
      expect(services[name]?.networks).to.deep.equal(['back'])
  })

  it('holds no secret, and has each reach a container as a file', async () => {
    await fc.assert(
      fc.asyncProperty(wishes, async (wish) => {
        const one = await deployment(wish)
        const { text, file } = await render(one)
        for (const name of GENERATED_SECRETS) expect(text).not.to.include(await one.secret(name))
        expect(file.secrets['database-app-password']?.file).to.equal(
          one.secrets.path('database-app-password'),
        )
        expect(file.services.server?.secrets).to.include('database-app-password')
        expect(file.services.server?.secrets).not.to.include('database-owner-password')
        expect(file.services.server?.secrets).not.to.include('postgres-superuser-password')
      }),
      { numRuns: 20 },
    )
  })

  it('says the same as long as nothing changed, and doubles what Compose would take for a variable', async () => {
    const one = await deployment({ mail: { from: 'Shop & $Co <no-reply@example.com>' } })
    const { text, file } = await render(one)
    expect((await render(one)).text).to.equal(text)
    expect(text.replaceAll('$$', '')).not.to.include('$')
    expect(parse(text.replaceAll('$$', '$'))).to.deep.equal(JSON.parse(JSON.stringify(file)))
  })

  it('leaves out the stores that are the operator’s own', async () => {
    const own = await rendered({
      database: { url: 'postgres://db.example.com/vetrai' },
      redis: { url: 'redis://cache.example.com' },
      objects: { store: 's3', s3: { endpoint: 'https://s3.example.com', bucket: 'b', access_key: 'k' } },
      monitoring: { prometheus: true },
    })
    expect(Object.keys(own.services)).to.have.members(['server', ...ONE_OFF, 'proxy', 'prometheus'])
    expect(own.services.server?.environment).to.include({
      DATABASE_URL: 'postgres://db.example.com/vetrai',
      S3_ENDPOINT: 'https://s3.example.com',
    })
  })

  it('has Prometheus scrape the stores of the deployment, not those of the operator', async () => {
    const monitoring = { prometheus: true }
    const targets = async (wish: Wish) => {
      const { generated } = await render(await deployment({ monitoring, ...wish }))
      return Object.keys(generated).filter((path) => path.startsWith('prometheus/targets/'))
    }
    expect(await targets({})).to.deep.equal([
      'prometheus/targets/postgres.yml',
      'prometheus/targets/redis.yml',
    ])
    expect(await targets({ database: { url: 'postgres://db.example.com/vetrai' } })).to.deep.equal([
      'prometheus/targets/redis.yml',
    ])
    expect(await targets({ redis: { url: 'redis://cache.example.com' } })).to.deep.equal([
      'prometheus/targets/postgres.yml',
    ])
  })

  /** Names of the services that are made anew for what `change` changes. */
  async function remade(one: Deployment, change: () => Promise<unknown>): Promise<string[]> {
    const services = async () => (await render(one)).file.services
    const before = await services()
    await change()
    const after = await services()
    return Object.keys(after).filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]))
  }

  it('makes a container anew when a secret that it mounts changes, and only then', async () => {
    const one = await deployment()
    const change = () => one.secrets.write('redis-password', 'f'.repeat(64))
    expect(await remade(one, change)).to.have.members(['redis', 'server', ...ONE_OFF])
  })

  it('makes the programs anew for other settings of backups, and for a kit that is sealed anew nothing', async () => {
    const one = await deployment()
    expect(await remade(one, () => writeRecoveryKit(one))).to.deep.equal([])
    const change = () => one.set('backup.keep.last', 5)
    expect(await remade(one, change)).to.have.members(['server', ...ONE_OFF])
  })

  it('shows the programs where backups go, and the secret of a store once it is there', async () => {
    const s3 = { endpoint: 'https://s3.example.com', bucket: 'b', access_key: 'k' }
    const targets = [
      { name: 'disk', folder: '/mnt/disk' },
      { name: 'off', s3 },
    ]
    const one = await deployment({ backup: { targets } })
    const { services } = (await render(one)).file
    for (const name of ['server', 'backup-tool']) {
      const volumes = services[name]?.volumes
      expect(volumes, name).to.deep.include.members([
        { type: 'bind', source: one.paths.recovery, target: '/data/recovery', read_only: true },
        { type: 'bind', source: one.paths.backups, target: '/data/backups' },
        { type: 'bind', source: '/mnt/disk', target: '/mnt/disk' },
      ])
      const environment = services[name]?.environment
      expect(environment, name).to.include({
        BACKUP_RECOVERY_PATH: '/data/recovery',
        BACKUP_KEY_FILE: '/run/secrets/backup-key',
        DATABASE_BACKUP_PASSWORD_FILE: '/run/secrets/database-backup-password',
      })
    }
    expect(services['backup-tool']?.profiles).to.deep.equal(['one-off'])
    expect(services.server?.secrets).to.not.include('backup-off-secret-key')
    await one.secrets.write('backup-off-secret-key', 'secret')
    expect((await render(one)).file.services.server?.secrets).to.include('backup-off-secret-key')
  })

  it('archives the database by an image of its own, and hands the archive to nobody else', async () => {
    const one = await deployment({ backup: { wal: true } })
    const { file, text, generated } = await render(one)
    const key = await one.secret('wal-cipher-key')
    expect(generated['pgbackrest.conf']).to.include(`repo1-cipher-pass=${key}\n`)
    expect(text).not.to.include(key)
    for (const [name, service] of Object.entries(file.services)) {
      const targets = ((service.volumes ?? []) as { target: string }[]).map(({ target }) => target)
      const sees = targets.includes('/backups/wal') && targets.includes('/etc/pgbackrest/pgbackrest.conf')
      expect(sees, name).to.equal(WAL.includes(name))
      if (sees) expect(service.image).to.match(/^vetrai\/postgres:[\w.-]+-[0-9a-f]{12}$/)
      else if (name !== 'server') expect(JSON.stringify(service)).not.to.include('/run/postgresql')
    }
    expect(file.services.wal).to.include({ network_mode: 'none' })
    expect(file.services.wal?.volumes).to.deep.include({
      ...{ type: 'volume', source: 'postgres', target: '/var/lib/postgresql/data' },
      ...{ volume: { nocopy: true }, read_only: true },
    })
    expect(file.services.postgres?.networks).to.deep.equal(['back'])
    expect(file.services.postgres?.command).to.include(
      `archive_command=pgbackrest --stanza=vetrai-${one.id} archive-push "%p"`,
    )
    expect(Object.keys((await rendered()).services)).not.to.include('wal')
  })

  it('lets an archive in a bucket out by a network that nothing else is in', async () => {
    const s3 = { endpoint: 'https://s3.example.com:9443', bucket: 'b', prefix: 'shop/a', access_key: 'k' }
    const one = await deployment({ backup: { wal: true, targets: [{ name: 'off', s3 }] } })
    await one.secrets.write('backup-off-secret-key', 'hidden')
    const { file, text, generated } = await render(one)
    for (const line of ['path=/shop/a/wal', 'storage-port=9443', 's3-endpoint=s3.example.com'])
      expect(generated['pgbackrest.conf']).to.include(`repo1-${line}\n`)
    expect(generated['pgbackrest.conf']).to.include('repo1-s3-key-secret=hidden\n')
    expect(text).not.to.include('hidden')
    const inside = Object.entries(file.services).filter(([, { networks }]) =>
      (networks as string[] | undefined)?.includes('archive'),
    )
    expect(inside.map(([name]) => name)).to.have.members(WAL)
  })

  it('puts another volume in the place of one, and has what mounts it made anew', async () => {
    const one = await deployment({ backup: { wal: true } })
    const before = (await render(one)).file
    await one.updateLock((lock) => ({ ...lock, volumes: { postgres: 'restored' } }))
    const after = (await render(one)).file
    expect(after.volumes.postgres).to.deep.equal({ name: 'restored', external: true })
    expect(after.volumes.redis).to.deep.equal(before.volumes.redis)
    const remade = Object.keys(after.services).filter(
      (name) => !isDeepStrictEqual(after.services[name], before.services[name]),
    )
    expect(remade).to.have.members(WAL)
  })

  it('keeps project and volumes when the deployment that has them is named otherwise', async () => {
    const one = await deployment()
    const before = (await render(one)).file
    await one.set('name', 'unused')
    expect((await render(one)).file.name).to.equal('vetrai-unused')
    await one.updateLock((lock) => ({ ...lock, project: before.name }))
    const after = (await render(one)).file
    expect([after.name, after.volumes]).to.deep.equal([before.name, before.volumes])
  })

  it('names every image in one place, and takes another where vetrai.yml has one', async () => {
    const standard = await rendered()
    expect(standard.services.postgres?.image).to.match(/^pgvector\/pgvector:[\d.]+-pg\d+-\w+$/)
    const other = await rendered({
      images: {
        mirror: 'registry.example.com:5000/m',
        redis: 'valkey/valkey:9@sha256:'.concat('a'.repeat(64)),
      },
    })
    expect(other.services.postgres?.image).to.equal(
      `registry.example.com:5000/m/${standard.services.postgres?.image}`,
    )
    expect(other.services.redis?.image).to.include('valkey/valkey:9@sha256:')
  })

  it('mounts generated files that exist', async () => {
    const one = await deployment({
      monitoring: { prometheus: true },
      objects: { store: 'built-in', engine: 'seaweedfs' },
    })
    const { file, generated } = await render(one)
    for (const [name, service] of Object.entries(file.services)) {
      for (const volume of (service.volumes ?? []) as { type?: string; source?: string }[]) {
        if (!volume.source?.startsWith(one.paths.generated)) continue
        const path = volume.source.slice(one.paths.generated.length + 1)
        const there = Object.keys(generated).some((known) => known === path || known.startsWith(`${path}/`))
        expect(there, `${name} mounts ${path}`).to.equal(true)
      }
    }
    expect(await readFile(one.secrets.path('object-store-secret-key'), 'utf8')).to.include(
      JSON.parse(generated['seaweedfs-s3.json'] ?? '').identities[0].credentials[0].secretKey,
    )
  })
})
