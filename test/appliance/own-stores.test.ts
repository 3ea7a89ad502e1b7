import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { runVetrai } from '../../cli/testing/run-vetrai.js'
import { initAppliance, ok, uniqueName, useAppliance } from './deployment.js'
import { containersOf, docker, serviceOf } from './docker.js'
import { engineEnv, imageOverrides } from './engine.js'

const NAME = uniqueName('own')
const NETWORK = `${NAME}-stores`
const PASSWORD = randomBytes(16).toString('hex')
const STORES = ['db', 'cache', 's3'].map((store) => `${NAME}-${store}`)

/** PostgreSQL, Redis and S3 of the operator's own, in a network that compose.override.yaml joins. */
describe('an appliance on stores of the operator’s own', function () {
  this.timeout(300_000)
  const { name, project, folder, dir, vetrai } = useAppliance('own')
  // Once the deployment that uses them is gone.
  after(async () => {
    await docker('rm', '--force', '--volumes', ...STORES)
    await docker('network', 'rm', NETWORK)
  })

  before(async () => {
    await runStores()
    const secretKey = join(folder(), 's3-secret-key')
    await writeFile(secretKey, `${PASSWORD}\n`, { mode: 0o600 })
    await initAppliance(vetrai, name, [
      ...['--database-url', `postgres://${NAME}-db:5432/vetrai`, '--redis-url', `redis://${NAME}-cache:6379`],
      ...['--s3-endpoint', `http://${NAME}-s3:9000`, '--s3-bucket', 'files', '--s3-access-key', 'own'],
      ...['--s3-secret-key-file', secretKey],
    ])
    for (const name of ['external-postgres-password', 'external-redis-password']) {
      const argv = ['config', 'set', `secrets.${name}`, '--stdin', '--dir', dir()]
      await ok(runVetrai(argv, { stdin: PASSWORD, env: engineEnv() }))
    }
    await writeFile(join(dir(), 'compose.override.yaml'), OVERRIDE)
  })

  it('runs none of its own, and makes roles and schema in the operator’s', async () => {
    await ok(vetrai('up'))
    expect((await containersOf(project)).map(serviceOf).sort()).to.deep.equal(['proxy', 'server'])
    expect((await ok(vetrai('tenants', 'create', 'acme', '--json'))).json()).to.include({ slug: 'acme' })
    const sql = 'select slug from tenants'
    const found = await docker('exec', `${NAME}-db`, 'psql', '-U', 'postgres', '-d', 'vetrai', '-Atc', sql)
    expect(found.split('\n')).to.include('acme')
  })

  it('honours the override, and is done when nothing changed', async () => {
    const server = (await containersOf(project)).find((one) => serviceOf(one) === 'server')
    expect(server?.Config.Labels['example.team']).to.equal('platform')
    expect((await ok(vetrai('up', '--json'))).json()).to.include({ changed: false })
  })

  it('finds nothing wrong with them', async () => {
    const { checks } = (await ok(vetrai('doctor', '--json'))).json<{
      checks: { name: string; level: string; detail: string }[]
    }>()
    expect(checks.filter(({ level }) => level === 'fail')).to.deep.equal([])
  })

  it('names the way to a database that is not its own', async () => {
    const shell = await vetrai('shell', 'db', '--json')
    expect(shell.code).to.equal(4)
    expect(shell.stdout + shell.stderr).to.include('psql')
  })
})

const OVERRIDE = `
services:
  server: { networks: [front, back, own], labels: { example.team: platform } }
  migrate: { networks: [front, back, own] }
  backup-tool: { networks: [front, back, own] }
networks:
  own: { name: ${NETWORK}, external: true }
`

async function runStores(): Promise<void> {
  const images = imageOverrides()
  await docker('network', 'create', NETWORK)
  const store = (name: string, image: string, more: string[], command: string[]) =>
    docker('run', '--detach', '--name', `${NAME}-${name}`, '--network', NETWORK, ...more, image, ...command)
  await store('db', images.postgres, ['--env', `POSTGRES_PASSWORD=${PASSWORD}`], [])
  await store('cache', images.redis, [], ['valkey-server', '--requirepass', PASSWORD, '--bind', '0.0.0.0'])
  const root = ['--env', 'MINIO_ROOT_USER=own', '--env', `MINIO_ROOT_PASSWORD=${PASSWORD}`]
  await store('s3', images['object-store'], root, ['server', '/data'])
}
