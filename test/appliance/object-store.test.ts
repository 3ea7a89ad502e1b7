import { randomBytes } from 'node:crypto'
import { findFreePort } from '../../cli/deployment/free-port.js'
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
})

function hardening(): string[] {
  return ['--user', '10001:10001', '--tmpfs', '/tmp:mode=1777', '--tmpfs', '/data:mode=1777,size=2g']
}
