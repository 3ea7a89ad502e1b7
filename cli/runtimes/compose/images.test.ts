import { join } from 'node:path'
import { expect } from 'chai'
import { createDeployment } from '../../deployment/create-deployment.js'
import type { Deployment } from '../../deployment/deployment.js'
import type { LockedImage } from '../../deployment/lock-file.js'
import { temporaryFolder } from '../../testing/temporary-folder.js'
import { pullName } from './chosen-image.js'
import { chooseImages } from './images.js'
import { plainName } from './save-images.js'

const DIGEST = `sha256:${'d'.repeat(64)}`
const ID = `sha256:${'1'.repeat(64)}`

describe('the choice of images', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let deployment: Deployment

  beforeEach(async () => {
    folder = await temporaryFolder()
    deployment = await createDeployment(join(folder.path, 'd'), {
      config: { name: 'shop', runtime: 'compose', port: 8000, images: { redis: 'valkey/valkey:9' } },
    })
  })
  afterEach(() => folder.remove())

  const redis = async (locked: Record<string, LockedImage>) => {
    await deployment.updateLock((lock) => ({ ...lock, images: locked }))
    return (await chooseImages(deployment)).redis
  }

  it('takes the digest that lock.json has', async () => {
    expect(await redis({})).to.include({ use: 'valkey/valkey:9', origin: 'pull' })
    expect(await redis({ 'valkey/valkey:9': { id: ID, digest: DIGEST } })).to.include({
      use: `valkey/valkey:9@${DIGEST}`,
    })
    expect(await redis({ 'valkey/valkey:8': { id: ID, digest: DIGEST } })).to.include({
      use: 'valkey/valkey:9',
    })
  })

  it('takes the plain name, and that very image, where a bundle brought it', async () => {
    const locked = { id: ID, digest: DIGEST, name: 'valkey/valkey:9' }
    const image = await redis({ 'valkey/valkey:9': locked })
    expect(image).to.include({ use: 'valkey/valkey:9', id: ID })
    expect(pullName(image.ref, deployment.lock)).to.equal(`valkey/valkey:9@${DIGEST}`)
  })

  it('puts the mirror in front of what it does not name itself, and remembers the usual name', async () => {
    await deployment.set('images.mirror', '127.0.0.1:5000/m')
    const { postgres, redis: own } = await chooseImages(deployment)
    expect(postgres.ref).to.equal(`127.0.0.1:5000/m/${postgres.usual}`)
    expect(postgres.usual).to.match(/^pgvector\//)
    expect(own).to.include({ ref: 'valkey/valkey:9', usual: 'valkey/valkey:9' })
  })

  it('builds the database that archives on the chosen one, under a name that registry and mirror share', async () => {
    await deployment.set('backup.wal', true)
    const { postgres } = await chooseImages(deployment)
    expect(postgres).to.include({ origin: 'build', use: postgres.ref })
    expect(postgres.ref).to.match(/^vetrai\/postgres:0\.8\.6-pg17-bookworm-[0-9a-f]{12}$/)
    await deployment.set('images.mirror', '127.0.0.1:5000/m')
    const mirrored = (await chooseImages(deployment)).postgres
    expect(mirrored.ref).to.equal(postgres.ref)
    expect(mirrored.from?.ref).to.match(/^127\.0\.0\.1:5000\/m\/pgvector/)
    const locked = { [postgres.ref]: { id: ID, name: postgres.ref } }
    await deployment.updateLock((lock) => ({ ...lock, images: locked }))
    expect((await chooseImages(deployment)).postgres).to.include({ use: postgres.ref, id: ID })
    await deployment.set('images.postgres', 'example.com/pg:18')
    expect((await chooseImages(deployment)).postgres.ref).to.match(/^vetrai\/postgres:18-/)
  })

  it('stays with PostgreSQL’s image while the data is of another major than the wanted one, and no longer', async () => {
    const { ref, usual } = (await chooseImages(deployment)).postgres
    const held = { instead_of: 'example.com/pg:18', ref, usual }
    await deployment.updateLock((lock) => ({
      ...lock,
      images: { [ref]: { id: ID, digest: DIGEST } },
      held_postgres: held,
    }))
    await deployment.set('images.postgres', 'example.com/pg:18')
    expect((await chooseImages(deployment)).postgres).to.include({ ref, usual, use: `${ref}@${DIGEST}` })
    const wanted = await chooseImages(deployment, { wantedPostgres: true })
    expect(wanted.postgres.ref).to.equal('example.com/pg:18')
    await deployment.set('backup.wal', true)
    expect((await chooseImages(deployment)).postgres.from).to.include({ ref, usual })
    await deployment.set('images.postgres', 'example.com/pg:17.9')
    expect((await chooseImages(deployment)).postgres.from?.ref).to.equal('example.com/pg:17.9')
  })

  it('keeps a digest that vetrai.yml names', async () => {
    await deployment.set('images.redis', `valkey/valkey:9@${DIGEST}`)
    const image = await redis({ [`valkey/valkey:9@${DIGEST}`]: { id: ID, digest: DIGEST } })
    expect(image).to.include({ use: `valkey/valkey:9@${DIGEST}` })
  })

  it('builds the server’s image, under a name that changes with the sources only', async () => {
    const [one, two] = [await chooseImages(deployment), await chooseImages(deployment)]
    expect(one.server).to.include({ origin: 'build' }).and.deep.equal(two.server)
    expect(one.server.ref).to.match(/^vetrai\/server:[\w.-]+-[0-9a-f]{12}$/)
  })
})

describe('the plain name of an image', () => {
  it('has a tag and no digest', () => {
    expect(plainName('caddy')).to.equal('caddy:latest')
    expect(plainName('caddy:2')).to.equal('caddy:2')
    expect(plainName(`caddy:2@${DIGEST}`)).to.equal('caddy:2')
    expect(plainName('127.0.0.1:5000/caddy')).to.equal('127.0.0.1:5000/caddy:latest')
    expect(plainName(`127.0.0.1:5000/caddy@${DIGEST}`)).to.equal(
      `127.0.0.1:5000/caddy:sha256-${'d'.repeat(12)}`,
    )
  })
})
