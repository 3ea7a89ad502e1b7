import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { open, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { expect } from 'chai'
import fc from 'fast-check'
import { CliError } from '../deployment/errors.js'
import { temporaryFolder } from '../testing/temporary-folder.js'
import { BundleReader } from './bundle-reader.js'
import { BundleWriter } from './bundle-writer.js'
import { type BundleManifest, type BundlePart, FORMAT, PARTS, type PartName } from './manifest.js'
import { BLOCK, decodeHeader, encodeHeader } from './tar-header.js'

const REFUSALS = ['bundle_invalid', 'bundle_damaged', 'bundle_format']
const CONTENT: Record<PartName, Buffer> = {
  'README.txt': Buffer.from('three lines\n'),
  'cli.tar.gz': randomBytes(3 * BLOCK),
  'images.tar.gz': randomBytes(2_000),
}

describe('a bundle', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let file: string
  let whole: Buffer

  before(async () => {
    folder = await temporaryFolder()
    file = join(folder.path, 'whole.bundle')
    await write(file)
    whole = await readFile(file)
  })
  after(() => folder.remove())

  it('gives back what was written, and says its length and SHA-256', async () => {
    const bundle = await BundleReader.open(file)
    await bundle.verify()
    for (const [at, name] of PARTS.entries()) {
      expect(await buffer(bundle.content(name))).to.deep.equal(CONTENT[name])
      expect(bundle.manifest.parts[at]).to.deep.equal({
        name,
        size_bytes: CONTENT[name].length,
        sha256: createHash('sha256').update(CONTENT[name]).digest('hex'),
      })
    }
    expect(bundle.size).to.equal(whole.length)
    await bundle.close()
  })

  it('is a tar that any program unpacks, for its owner only', async () => {
    const listed = execFileSync('tar', ['-tf', file], { encoding: 'utf8' }).trim().split('\n')
    expect(listed).to.deep.equal(['manifest.json', ...PARTS])
    expect(execFileSync('tar', ['-xOf', file, 'cli.tar.gz'])).to.deep.equal(CONTENT['cli.tar.gz'])
    expect((await stat(file)).mode & 0o777).to.equal(0o600)
  })

  it('has another name until it is whole, and is gone when it is given up', async () => {
    const next = join(folder.path, 'next.bundle')
    await writeFile(`${next}.partial`, 'left by an attempt that was killed')
    const writer = await BundleWriter.begin(next)
    await writer.add('README.txt', Readable.from([CONTENT['README.txt']]))
    expect(await namesLike('next')).to.deep.equal(['next.bundle.partial'])
    await writer.abandon()
    expect(await namesLike('next')).to.deep.equal([])
  })

  it('is given up when what it is made of breaks off', async () => {
    const writer = await BundleWriter.begin(join(folder.path, 'broken.bundle'))
    const source = Readable.from(
      (async function* () {
        yield randomBytes(100)
        throw new Error('the engine went away')
      })(),
    )
    const failure = await writer.add('cli.tar.gz', source).catch((error: unknown) => error)
    expect(failure).to.be.an('error').with.property('message', 'the engine went away')
    await writer.abandon()
    expect(await namesLike('broken')).to.deep.equal([])
  })

  it('is refused at every length but its own', async () => {
    const short = join(folder.path, 'short.bundle')
    await writeFile(short, whole)
    for (let length = whole.length - 1; length > 0; length -= 97) {
      await truncate(short, length)
      expect(await refusalOf(short), `${length} bytes`).to.be.oneOf(REFUSALS)
    }
    await writeFile(short, Buffer.concat([whole, Buffer.alloc(BLOCK)]))
    expect(await refusalOf(short)).to.equal('bundle_damaged')
  })

  it('is refused, or the same, whatever byte of it was changed', async () => {
    const changed = join(folder.path, 'changed.bundle')
    const bytes = fc.record({
      at: fc.integer({ min: 0, max: whole.length - 1 }),
      value: fc.integer({ min: 0, max: 255 }),
    })
    await writeFile(changed, whole)
    await fc.assert(
      fc.asyncProperty(bytes, async ({ at, value }) => {
        await putAt(changed, at, Buffer.from([value]))
        const refusal = await refusalOf(changed)
        await putAt(changed, at, whole.subarray(at, at + 1))
        if (refusal !== undefined) expect(refusal).to.be.oneOf(REFUSALS)
      }),
      { numRuns: 300 },
    )
    const inside = whole.indexOf(CONTENT['images.tar.gz']) + 1_000
    await putAt(changed, inside, Buffer.from([(whole[inside] ?? 0) ^ 1]))
    expect(await refusalOf(changed)).to.equal('bundle_damaged')
  })

  it('is refused with a manifest that says anything else', async () => {
    const manifest = JSON.parse(whole.toString('utf8', BLOCK, BLOCK + 64 * 1024)) as BundleManifest
    const lies: Record<string, unknown> = {
      format: FORMAT + 1,
      architecture: 'amd64\u001b[2J',
      images: [{ ...manifest.images[0], name: '../../etc/passwd' }],
      cli: { ...manifest.cli, unpacked_bytes: 2 ** 52 },
      parts: manifest.parts.map((part) => ({ ...part, name: `../${part.name}` })),
      created_at: 'yesterday',
      vetrai_version: 'x'.repeat(10_000),
      secret: 'more than asked for',
    }
    for (const [field, lie] of Object.entries(lies)) {
      const liar = await withManifest(JSON.stringify({ ...manifest, [field]: lie }))
      expect(await refusalOf(liar), field).to.equal(field === 'format' ? 'bundle_format' : 'bundle_invalid')
    }
    for (const [at, lie] of [0, 1, CONTENT['cli.tar.gz'].length + 1, 2 ** 41].entries()) {
      const parts = manifest.parts.map((part) =>
        part.name === 'cli.tar.gz' ? { ...part, size_bytes: lie } : part,
      )
      const refusal = await refusalOf(await withManifest(JSON.stringify({ ...manifest, parts })))
      expect(refusal).to.equal(at === 0 ? 'bundle_invalid' : 'bundle_damaged')
    }
  })

  it('is refused with a manifest that is anything at all', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.json(), fc.string(), fc.json().map(cut)), async (text) => {
        expect(await refusalOf(await withManifest(text))).to.be.oneOf(REFUSALS)
      }),
      { numRuns: 100 },
    )
  })

  it('is refused when an entry is a link, has a path or is absurdly long', async () => {
    const odd = join(folder.path, 'odd.bundle')
    const at = whole.indexOf(encodeHeader({ name: 'cli.tar.gz', size: CONTENT['cli.tar.gz'].length }))
    expect(at).to.be.greaterThan(0)
    const size = CONTENT['cli.tar.gz'].length
    const entries = [
      withType(encodeHeader({ name: 'cli.tar.gz', size }), '2'),
      encodeHeader({ name: '../cli.tar.gz', size }),
      encodeHeader({ name: '/cli.tar.gz', size }),
      encodeHeader({ name: 'cli.tar.gz', size: 2 ** 52 }),
    ]
    for (const entry of entries) {
      await writeFile(odd, whole)
      await putAt(odd, at, entry)
      expect(await refusalOf(odd)).to.equal('bundle_damaged')
    }
    await putAt(odd, 0, encodeHeader({ name: 'manifest.json', size: 2 ** 40 }))
    expect(await refusalOf(odd)).to.equal('bundle_invalid')
  })

  it('may have parts of any length that a disk can hold', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 50 }), (size) => {
        expect(decodeHeader(encodeHeader({ name: 'images.tar.gz', size }))).to.deep.equal({
          name: 'images.tar.gz',
          size,
        })
      }),
    )
  })

  it('is named when it is none, or is not there', async () => {
    const other = join(folder.path, 'other.txt')
    await writeFile(other, 'no bundle')
    expect(await refusalOf(other)).to.equal('bundle_invalid')
    expect(await refusalOf(join(folder.path, 'nowhere'))).to.equal('file_unusable')
    expect(await refusalOf(folder.path)).to.equal('file_unusable')
  })

  /** Copies the bundle with other text in the place of its manifest. */
  async function withManifest(text: string): Promise<string> {
    const path = join(folder.path, 'liar.bundle')
    const room = Buffer.alloc(64 * 1024, '\n')
    room.write(text)
    await writeFile(path, whole)
    await putAt(path, BLOCK, room)
    return path
  }

  async function namesLike(start: string): Promise<string[]> {
    return (await readdir(folder.path)).filter((name) => name.startsWith(start))
  }
})

async function write(file: string): Promise<void> {
  const writer = await BundleWriter.begin(file)
  for (const name of PARTS) await writer.add(name, Readable.from([CONTENT[name]]))
  await writer.finish((parts) => manifestOf(parts))
}

function manifestOf(parts: BundlePart[]): BundleManifest {
  const id = `sha256:${'a'.repeat(64)}`
  return {
    format: FORMAT,
    vetrai_version: '0.1.0',
    created_at: '2026-11-25T12:00:00.000Z',
    architecture: 'amd64',
    images: [{ ref: 'caddy:2', name: 'caddy:2', id, digest: null, size_bytes: 1 }],
    cli: { platform: 'linux-x64', files: 3, unpacked_bytes: 100 },
    parts: parts as BundleManifest['parts'],
  }
}

/** Code of the refusal; undefined when all of it is what was written. Any other error fails the test. */
async function refusalOf(file: string): Promise<string | undefined> {
  try {
    const bundle = await BundleReader.open(file)
    try {
      await bundle.verify()
      for (const name of PARTS) {
        expect((await buffer(bundle.content(name))).equals(CONTENT[name])).to.equal(true)
      }
    } finally {
      await bundle.close()
    }
    return undefined
  } catch (error) {
    if (!(error instanceof CliError)) throw error
    expect(error.next).to.match(/\w/)
    return error.code
  }
}

async function putAt(file: string, at: number, bytes: Uint8Array): Promise<void> {
  const handle = await open(file, 'r+')
  await handle.write(bytes, 0, bytes.length, at)
  await handle.close()
}

/** The header of another kind of entry, with a checksum that is right. */
function withType(header: Buffer, type: string): Buffer {
  const sum =
    Number.parseInt(header.toString('latin1', 148, 154), 8) - (header[156] ?? 0) + type.charCodeAt(0)
  header.write(type, 156, 'latin1')
  header.write(sum.toString(8).padStart(6, '0'), 148, 'latin1')
  return header
}

function cut(text: string): string {
  return text.slice(0, text.length / 2)
}
