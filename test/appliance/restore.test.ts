import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { expect } from 'chai'
import { findFreePort } from '../../cli/deployment/free-port.js'
import { temporaryFolder } from '../../cli/testing/temporary-folder.js'
import { createFileObjectStore } from '../../server/storage/object-store/file-driver.js'
import { ok, uniqueName, type Vetrai, vetraiIn } from './deployment.js'
import { imageOverrides } from './engine.js'

/** How a deployment grows up, and comes back: each test goes on from the one before. */
describe('a backup of one runtime', function () {
  this.timeout(300_000)
  const name = uniqueName('grow')
  const content = Buffer.from('what a tenant uploaded')
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  const dir = (which: string) => join(folder.path, which)
  const vetrai = (which: string): Vetrai => vetraiIn(dir(which))
  const objectsIn = (which: string) =>
    createFileObjectStore({
      path: join(dir(which), 'objects'),
      baseUrl: 'http://localhost',
      secret: 'unused',
    })
  const slugs = async (which: string) => {
    const { data } = (await ok(vetrai(which)('tenants', 'list', '--json'))).json<{
      data: { slug: string }[]
    }>()
    return data.map(({ slug }) => slug).sort()
  }
  let key: string

  /** Whether the key that was made before the first backup reads its tenant. */
  async function isGood(which: string): Promise<boolean> {
    const { url } = (await ok(vetrai(which)('status', '--json'))).json<{ url: string }>()
    const answer = await fetch(`${url}/tenancy/v1/tenants/acme`, { headers: { 'X-API-Key': key } })
    return answer.status === 200
  }

  /** A backup of a deployment as one file. */
  async function archiveOf(which: string): Promise<string> {
    const file = join(folder.path, `${which}.tar`)
    await ok(vetrai(which)('backup', 'create'))
    await ok(vetrai(which)('backup', 'download', 'latest', '--output', file))
    return file
  }

  before(async () => {
    folder = await temporaryFolder()
    const small = vetrai('small')
    const port = String(await findFreePort())
    const made = await ok(small('init', '--yes', '--name', name, '--port', port, '--json'))
    await writeFile(join(folder.path, 'recovery.key'), `${made.json().recovery_key}\n`, { mode: 0o600 })
    for (const [image, reference] of Object.entries(imageOverrides()))
      await ok(small('config', 'set', `images.${image}`, reference))
    await ok(small('up'))
    await ok(small('tenants', 'create', 'acme'))
    const created = await ok(
      small('keys', 'create', '--name', 'ci', '--tenant', 'acme', '--scopes', 'tenancy:read', '--json'),
    )
    key = created.json<{ key: string }>().key
    await objectsIn('small').put('acme/logo.txt', content, { contentType: 'text/plain' })
  })
  after(async () => {
    for (const which of ['large', 'small', 'again'])
      await vetrai(which)('uninstall', '--confirm', name, '--quiet')
    await folder.remove()
  })

  it('restores on containers, objects in their store, whoever owns the file', async () => {
    const file = await archiveOf('small')
    await ok(vetrai('small')('down'))
    const identity = join(folder.path, 'recovery.key')
    const restored = await ok(
      vetrai('large')(
        ...['restore', file, '--identity-file', identity, '--runtime', 'compose', '--objects', 'built-in'],
        ...['--port', String(await findFreePort()), '--json'],
      ),
    )
    expect(restored.json()).to.include({ creates: true, runtime: 'compose', safety_backup: null })
    expect(await slugs('large')).to.deep.equal(['acme'])
    expect(await isGood('large')).to.equal(true)
    expect((await ok(vetrai('large')('audit', 'verify', '--json'))).json()).to.include({ ok: true })
  })

  it('is told whole by a drill on containers, where nobody is a superuser', async () => {
    await ok(vetrai('large')('tenants', 'create', 'globex'))
    await ok(vetrai('large')('backup', 'create'))
    const drilled = (await ok(vetrai('large')('backup', 'drill', '--json'))).json()
    expect(drilled).to.include({ ok: true })
    expect(
      (await ok(vetrai('large')('backup', 'list', '--json'))).json<{ backups: object[] }>().backups[0],
    ).to.include({
      objects: 1,
    })
  })

  it('gives a tenant out of containers as a file, erases it, and takes it in again', async () => {
    const [file, passphrase, certificate] = ['acme.tar.gz.age', 'passphrase.txt', 'erased.json'].map(dir) as [
      string,
      string,
      string,
    ]
    await writeFile(passphrase, 'a passphrase of several words\n', { mode: 0o600 })
    const keys = ['--passphrase-file', passphrase]
    await ok(vetrai('large')('tenants', 'export', 'acme', '--output', file, ...keys))
    await ok(vetrai('large')('tenants', 'erase', 'acme', '--confirm', 'acme', '--certificate', certificate))
    expect(await slugs('large')).to.deep.equal(['globex'])
    expect(await isGood('large')).to.equal(false)
    await ok(vetrai('large')('tenants', 'import', file, ...keys))
    expect(await slugs('large')).to.deep.equal(['acme', 'globex'])
    expect(await isGood('large')).to.equal(true)
    expect((await ok(vetrai('large')('audit', 'verify', '--json'))).json()).to.include({ ok: true })
  })

  it('refuses to replace living data unasked, and then does so with a backup of it first', async () => {
    const before = await slugs('large')
    const file = join(folder.path, 'small.tar')
    const unasked = await vetrai('large')('restore', file, '--json')
    expect(unasked.code).to.equal(2)
    expect(await slugs('large')).to.deep.equal(before)
    const replaced = (await ok(vetrai('large')('restore', file, '--confirm', name, '--json'))).json<{
      safety_backup: string
    }>()
    expect(await slugs('large')).to.deep.equal(['acme'])
    await ok(vetrai('large')('restore', replaced.safety_backup, '--confirm', name, '--no-safety'))
    expect(await slugs('large')).to.deep.equal(before)
  })

  it('comes back to a host without containers, all of it', async () => {
    const file = await archiveOf('large')
    const identity = join(folder.path, 'recovery.key')
    await ok(
      vetrai('again')(
        ...['restore', file, '--identity-file', identity, '--runtime', 'embedded'],
        ...['--port', String(await findFreePort())],
      ),
    )
    expect(await slugs('again')).to.deep.equal(['acme', 'globex'])
    expect(await isGood('again')).to.equal(true)
    const { body } = await objectsIn('again').get('acme/logo.txt')
    expect(await buffer(body)).to.deep.equal(content)
    expect(await readFile(join(dir('again'), 'vetrai.yml'), 'utf8')).to.include('runtime: embedded')
  })
})
