import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readdir, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { expect } from 'chai'
import fc from 'fast-check'
import { BackupError } from '../backup-error.js'
import { filesOf, makeBackup, memoryStore, refusal } from '../test-support.js'
import { openArchive } from './archive-file.js'
import { openTarget } from './open-target.js'
import { decodeHeader, encodeHeader } from './tar-header.js'
import { readContract, writeContract } from './test-support.js'
import { writeArchive } from './write-archive.js'

describe('stores of backups', () => {
  let scratch: string
  before(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'vetrai-stores-'))
  })
  after(() => rm(scratch, { recursive: true, force: true }))
  const newFolder = () => join(scratch, randomBytes(4).toString('hex'))
  const openFolder = (folder: string) => openTarget({ name: 'disk', folder })

  readContract('a folder', async (files) => {
    const store = await openFolder(newFolder())
    for (const [name, bytes] of files) await store.put(name, Readable.from([bytes]))
    return store
  })
  writeContract('a folder', () => openFolder(newFolder()))
  readContract('an archive file', async (files) => {
    const path = newFolder()
    await writeFile(path, tar([...files]))
    return openArchive(path)
  })

  describe('a folder', () => {
    it('is never left by a link in it, neither to read nor to write', async () => {
      const [folder, outside] = [newFolder(), newFolder()]
      await mkdir(join(folder, 'objects'), { recursive: true })
      await mkdir(outside)
      await writeFile(join(outside, 'secret'), 'secret')
      await symlink(outside, join(folder, 'backups'))
      await symlink(join(outside, 'secret'), join(folder, 'objects', 'link'))
      const store = await openFolder(folder)
      for (const name of ['backups/secret', 'objects/link']) {
        expect((await refusal(store.get(name))).code).to.equal('not_a_file')
        expect((await refusal(store.size(name))).code).to.equal('not_a_file')
        expect((await refusal(store.delete(name))).code).to.equal('not_a_file')
      }
      expect((await refusal(store.put('backups/new', Readable.from(['x'])))).code).to.equal('not_a_file')
      expect((await refusal(store.put('backups/x/new', Readable.from(['x'])))).code).to.equal('not_a_file')
      await store.put('objects/link', Readable.from(['mine']))
      expect(await filesOf(store)).to.have.length(1)
      expect(await readdir(outside)).to.deep.equal(['secret'])
      expect((await stat(join(outside, 'secret'))).size).to.equal(6)
    })

    it('is for its owner only, tells what is free, and clears what was left under way for a day', async () => {
      const folder = newFolder()
      const store = await openFolder(folder)
      await store.put('backups/x/data/a', Readable.from(['x']))
      expect((await stat(folder)).mode & 0o777).to.equal(0o700)
      expect((await stat(join(folder, 'backups/x/data/a'))).mode & 0o777).to.equal(0o600)
      expect(await store.free()).to.be.greaterThan(0)
      for (const name of ['old', 'new']) await writeFile(join(folder, '.tmp', name), '')
      const before = new Date(Date.now() - 25 * 3_600_000)
      await utimes(join(folder, '.tmp', 'old'), before, before)
      await openFolder(folder)
      expect(await readdir(join(folder, '.tmp'))).to.deep.equal(['new'])
      await store.delete('backups/x/data/a')
      expect(await readdir(folder)).to.deep.equal(['.tmp'])
    })

    it('says what to do when it cannot be used', async () => {
      const file = newFolder()
      await writeFile(file, '')
      expect(await refusal(openFolder(join(file, 'below')))).to.include({ code: 'store_unavailable' })
    })
  })

  describe('an archive file', () => {
    const id = '20261126T031500Z-1a2b3c'
    const open = async (bytes: Buffer) => {
      const path = newFolder()
      await writeFile(path, bytes)
      const store = await openArchive(path)
      await store.close()
    }

    it('holds a backup with its objects, and any tar program reads it', async () => {
      const store = memoryStore()
      const manifest = await makeBackup(store, { id, sealing: 'none', objects: { a: 'one', b: 'two' } })
      const names = (await filesOf(store, 'objects/')).map(({ name }) => name)
      const out = new PassThrough()
      const written = buffer(out)
      await writeArchive(store, manifest, names, out)
      out.end()
      const path = newFolder()
      await writeFile(path, await written)

      const listed = execFileSync('tar', ['-tf', path], { encoding: 'utf8' }).trim().split('\n')
      expect(listed[0]).to.equal(`backups/${id}/manifest.json`)
      expect(listed.sort()).to.deep.equal([...store.files.keys()].sort())
      const archive = await openArchive(path)
      for (const [name, bytes] of store.files)
        expect((await buffer(await archive.get(name))).equals(bytes)).to.equal(true)
      expect((await refusal(archive.put('x', Readable.from(['x'])))).code).to.equal('read_only')
      expect((await refusal(archive.delete('x'))).code).to.equal('read_only')
      await archive.close()
    })

    it('is not written of a backup that is damaged', async () => {
      const store = memoryStore()
      const manifest = await makeBackup(store, { id, sealing: 'none' })
      const name = manifest.database.tables[1]?.parts[0]?.name ?? ''
      store.files.get(name)?.writeUInt8(0, 9)
      const out = new PassThrough().resume()
      expect((await refusal(writeArchive(store, manifest, [], out))).code).to.equal('damaged')
    })

    it('is refused when it is cut off anywhere', async () => {
      const whole = tar([
        [`backups/${id}/manifest.json`, Buffer.from('{}')],
        [`backups/${id}/data/a`, randomBytes(1_000)],
      ])
      for (let length = 0; length < whole.length; length += 100) {
        const { code } = await refusal(open(whole.subarray(0, length)))
        expect(code).to.be.oneOf(length < 512 ? ['not_an_archive', 'truncated'] : ['truncated'])
      }
      await open(Buffer.concat([whole, Buffer.alloc(9_216)]))
    })

    it('is refused when it holds anything but the files of backups, each once', async () => {
      const file = Buffer.from('x')
      const one = (name: string): [string, Buffer][] => [[name, file]]
      const names = [
        '/etc/passwd',
        '../x',
        `backups/${id}/../../x`,
        'objects/aa/x',
        'README',
        `backups/${id}/.x`,
        `backups/${id}/a/b/c`,
      ]
      for (const name of names)
        expect((await refusal(open(tar(one(name))))).code, name).to.equal('not_an_archive')
      const twice = [...one(`backups/${id}/a`), ...one(`backups/${id}/a`)]
      expect((await refusal(open(tar(twice)))).message).to.contain('twice')
      expect((await refusal(open(Buffer.concat([tar(one(`backups/${id}/a`)), file])))).message).to.contain(
        'after its end',
      )
      for (const kind of ['1', '2', '5', 'L', 'x', '\0']) {
        const header = encodeHeader({ name: `backups/${id}/a`, size: 0 }, new Date(0))
        header.write(kind, 156, 'latin1')
        expect((await refusal(open(Buffer.concat([resum(header), Buffer.alloc(1024)])))).code).to.equal(
          'not_an_archive',
        )
      }
      expect((await refusal(open(Buffer.alloc(2_048)))).message).to.contain('empty')
      expect((await refusal(openArchive(scratch))).code).to.equal('not_an_archive')
      expect((await refusal(openArchive(newFolder()))).code).to.equal('store_unavailable')
    })

    it('is opened or refused, whatever its headers say', async () => {
      const header = encodeHeader({ name: `backups/${id}/a`, size: 5 }, new Date(0))
      const change = fc.tuple(fc.nat(511), fc.nat(255))
      await fc.assert(
        fc.asyncProperty(fc.array(change, { maxLength: 20 }), fc.boolean(), async (changes, isSummed) => {
          const block = Buffer.from(header)
          for (const [at, value] of changes) block.writeUInt8(value, at)
          const bytes = Buffer.concat([
            isSummed ? resum(block) : block,
            Buffer.alloc(512, 'x'),
            Buffer.alloc(1024),
          ])
          await open(bytes).catch((error: unknown) => expect(error).to.be.instanceOf(BackupError))
        }),
        { numRuns: 300 },
      )
    })

    it('knows files of any size and names of any length', () => {
      fc.assert(
        fc.property(fc.nat({ max: 2 ** 50 }), fc.integer({ min: 1, max: 150 }), (size, length) => {
          const name = `backups/${id}/data/${'t'.repeat(length)}`
          fc.pre(length < 100)
          expect(decodeHeader(encodeHeader({ name, size }, new Date(0)))).to.deep.equal({ name, size })
        }),
      )
    })
  })
})

function tar(files: readonly (readonly [string, Buffer])[]): Buffer {
  const blocks = files.flatMap(([name, bytes]) => [
    encodeHeader({ name, size: bytes.length }, new Date(0)),
    bytes,
    Buffer.alloc(-bytes.length & 511),
  ])
  return Buffer.concat([...blocks, Buffer.alloc(1024)])
}

/** A header whose checksum is right again. */
function resum(header: Buffer): Buffer {
  header.fill(' ', 148, 156)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return header
}
