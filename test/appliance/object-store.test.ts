import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { expect } from 'chai'
import { findFreePort } from '../../cli/deployment/free-port.js'
import { openTarget } from '../../server/backup/stores/open-target.js'
import { readContract, writeContract } from '../../server/backup/stores/test-support.js'
import { makeBackup, refusal } from '../../server/backup/test-support.js'
import { verifyBackup } from '../../server/backup/verify-backup.js'
import { createS3ObjectStore } from '../../server/storage/object-store/s3-driver.js'
import { signedLinksContract, storeContract } from '../../server/storage/object-store/test-support.js'
import { until } from '../until.js'
import { docker } from './docker.js'
import { imageOverrides } from './engine.js'

/** The driver against the very server that the appliance runs, alone in a container. */
describe('the object store of the appliance', function () {
  this.timeout(120_000)
  const name = `vetrai-test-objects-${randomBytes(4).toString('hex')}`
  const secretKey = randomBytes(16).toString('hex')
  let endpoint: string

  before(async () => {
    const port = await findFreePort()
    endpoint = `http://127.0.0.1:${port}`
    await docker(
      'run',
      '--detach',
      '--name',
      name,
      '--publish',
      `127.0.0.1:${port}:9000`,
      ...hardening(),
      '--env',
      'MINIO_ROOT_USER=vetrai',
      '--env',
      `MINIO_ROOT_PASSWORD=${secretKey}`,
      imageOverrides()['object-store'] ?? '',
      'server',
      '/data',
      '--console-address',
      ':9001',
    )
    await until(
      async () => (await fetch(`${endpoint}/minio/health/ready`).catch(() => undefined))?.ok === true,
      90_000,
    )
  })
  after(async () => {
    await docker('rm', '--force', '--volumes', name)
  })

  const open = async () =>
    createS3ObjectStore({ endpoint, region: 'us-east-1', bucket: 'contract', accessKey: 'vetrai', secretKey })
  storeContract('s3', open)
  signedLinksContract(open)

  const openBackups = async (prefix: string) => {
    await (await open()).prepare()
    const keys = { access_key: 'vetrai', secret_key: secretKey }
    return openTarget({
      name: 's3',
      s3: { endpoint, region: 'us-east-1', bucket: 'contract', prefix, ...keys },
    })
  }
  readContract('a bucket of backups', async (files) => {
    const store = await openBackups('/some/backups/')
    for (const [name, bytes] of files) await store.put(name, Readable.from([bytes]))
    return store
  })
  writeContract('a bucket of backups', () => openBackups('others'))

  it('keeps backups that verify and restore, and says what to do where it cannot be used', async () => {
    const store = await openBackups('whole')
    const id = '20261126T031500Z-1a2b3c'
    const manifest = await makeBackup(store, {
      id,
      sealing: 'none',
      objects: { a: 'one' },
      rows: randomBytes(20_000_000),
    })
    expect(await verifyBackup(store, manifest)).to.include({ ok: true, parts: 4 })
    const s3 = {
      endpoint,
      region: 'us-east-1',
      bucket: 'none-such',
      access_key: 'vetrai',
      secret_key: secretKey,
    }
    for (const wrong of [
      {},
      { bucket: 'contract', secret_key: 'wrong-secret' },
      { endpoint: 'http://127.0.0.1:1' },
    ]) {
      const error = await refusal(openTarget({ name: 's3', s3: { ...s3, ...wrong } }))
      expect(error.code).to.equal('store_unavailable')
      expect(JSON.stringify([error.message, error.next])).to.not.contain(secretKey)
    }
  })
})

function hardening(): string[] {
  return ['--user', '10001:10001', '--tmpfs', '/tmp:mode=1777', '--tmpfs', '/data:mode=1777,size=2g']
}
