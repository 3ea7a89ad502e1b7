import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { createGzip, gunzipSync, gzipSync } from 'node:zlib'
import { expect } from 'chai'
import tar from 'tar-stream'
import { CliError } from '../deployment/errors.js'
import { temporaryFolder } from '../testing/temporary-folder.js'
import { packCli } from './pack-cli.js'
import { requireVacant, unpackCli } from './unpack-cli.js'

describe('unpacking a command line', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let target: string

  beforeEach(async () => {
    folder = await temporaryFolder()
    target = join(folder.path, 'opt', 'vetrai')
  })
  afterEach(() => folder.remove())

  it('gives every file its content and its mode, and its place at the very end', async () => {
    const long = `node_modules/${'deep/'.repeat(40)}index.js`
    const source = join(folder.path, 'source.js')
    await writeFile(source, 'content of a file')
    const size = (await stat(source)).size
    const files = [
      { name: 'bin/vetrai', path: source, size, isProgram: true },
      { name: long, path: source, size, isProgram: false },
    ]
    const archive = packCli(files, [{ name: 'dist/server-image', content: 'vetrai/server:1\n' }])
    const unpacked = await unpackCli(
      'x.bundle',
      archive,
      { ...CLI, files: 3, unpacked_bytes: 2 * size + 16 },
      target,
    )
    expect(await names(join(folder.path, 'opt'))).not.to.include('vetrai')
    await unpacked.install()
    await unpacked.discard()
    expect(await names(join(folder.path, 'opt'))).to.deep.equal(['vetrai'])
    expect(await readFile(join(target, long), 'utf8')).to.equal('content of a file')
    expect(await readFile(join(target, 'dist/server-image'), 'utf8')).to.equal('vetrai/server:1\n')
    expect((await stat(join(target, 'bin/vetrai'))).mode & 0o111).to.equal(0o111)
    expect((await stat(join(target, long))).mode & 0o111).to.equal(0)
    expect((await stat(target)).mode & 0o777).to.equal(0o755)
  })

  const hostile: Record<string, tar.Headers[]> = {
    'climbs out of the folder': [{ name: '../evil' }],
    'climbs out from within': [{ name: 'a/../../evil' }],
    'begins at the root': [{ name: '/tmp/vetrai-evil' }],
    'has a name of another system': [{ name: 'a\\..\\..\\evil' }],
    'has an endless name': [{ name: 'a/'.repeat(400) }],
    'is a symbolic link': [{ name: 'bin', type: 'symlink', linkname: '/' }],
    'is a hard link': [{ name: 'bin', type: 'link', linkname: '/etc/passwd' }],
    'is a device': [{ name: 'null', type: 'character-device', devmajor: 1, devminor: 3 }],
    'is a folder': [{ name: 'bin/', type: 'directory' }],
    'comes twice': [{ name: 'a' }, { name: 'a' }],
    'is a file and a folder': [{ name: 'a' }, { name: 'a/b' }],
  }
  for (const [what, headers] of Object.entries(hostile)) {
    it(`refuses an entry that ${what}, and leaves nothing behind`, async () => {
      const archive = await packed(headers)
      expect(await refusalOf(archive, { files: headers.length, unpacked_bytes: 100 })).to.equal(
        'bundle_damaged',
      )
      expect(await everythingIn(folder.path)).to.deep.equal(['opt'])
      expect(await stat('/tmp/vetrai-evil').catch(() => undefined)).to.equal(undefined)
    })
  }

  it('refuses more, or less, than the manifest says', async () => {
    const archive = await packed([{ name: 'a' }, { name: 'b' }])
    const right = { files: 2, unpacked_bytes: 2 * CONTENT.length }
    for (const wrong of [
      { ...right, files: 1 },
      { ...right, files: 3 },
      { ...right, unpacked_bytes: right.unpacked_bytes - 1 },
      { ...right, unpacked_bytes: right.unpacked_bytes + 1 },
    ]) {
      expect(await refusalOf(archive, wrong)).to.equal('bundle_damaged')
    }
    expect(await refusalOf(archive, right)).to.equal(undefined)
  })

  it('stops at a little that unpacks to very much', async () => {
    const zeros = Readable.from(Array.from({ length: 2_000 }, () => Buffer.alloc(64 * 1024)))
    const bomb = await buffer(zeros.pipe(createGzip()))
    expect(bomb.length).to.be.lessThan(1_000_000)
    expect(await refusalOf(bomb, { files: 1, unpacked_bytes: 10 })).to.equal('bundle_damaged')
  })

  it('refuses what is cut off or no archive', async () => {
    const archive = await packed([{ name: 'a' }, { name: 'b' }])
    const wishes = { files: 2, unpacked_bytes: 2 * CONTENT.length }
    for (const broken of [
      archive.subarray(0, archive.length - 20),
      gzipSync(gunzipSync(archive).subarray(0, 700)),
      gzipSync(randomBytes(2_000)),
      randomBytes(2_000),
    ]) {
      expect(await refusalOf(broken, wishes)).to.equal('bundle_damaged')
      expect(await everythingIn(folder.path)).to.deep.equal(['opt'])
    }
  })

  it('takes a folder that is new or empty, and no other', async () => {
    await requireVacant(target)
    await mkdir(target, { recursive: true })
    await requireVacant(target)
    await writeFile(join(target, 'mine'), '')
    const refused = await requireVacant(target).catch((error: unknown) => error)
    expect(refused).to.be.instanceOf(CliError).with.property('code', 'folder_taken')
  })

  async function refusalOf(
    archive: Buffer,
    wishes: { files: number; unpacked_bytes: number },
  ): Promise<string | undefined> {
    try {
      const unpacked = await unpackCli('x.bundle', Readable.from([archive]), { ...CLI, ...wishes }, target)
      await unpacked.discard()
      return undefined
    } catch (error) {
      if (!(error instanceof CliError)) throw error
      return error.code
    }
  }
})

const CLI = { platform: 'linux-x64', files: 0, unpacked_bytes: 0 }
const CONTENT = Buffer.from('evil')

async function packed(headers: tar.Headers[]): Promise<Buffer> {
  const pack = tar.pack()
  for (const header of headers) {
    if (header.type === undefined) pack.entry(header, CONTENT)
    else pack.entry(header)
  }
  pack.finalize()
  return gzipSync(await buffer(pack))
}

const names = (dir: string) => readdir(dir)
const everythingIn = (dir: string) => readdir(dir, { recursive: true })
