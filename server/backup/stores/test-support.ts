import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { expect } from 'chai'
import { filesOf, refusal } from '../test-support.js'
import type { BackupStore } from './backup-store.js'

const ID = '20261126T031500Z-1a2b3c'

/** What every store keeps to, those that can only be read included; `fill` makes one that holds these files. */
export function readContract(
  title: string,
  fill: (files: ReadonlyMap<string, Buffer>) => Promise<BackupStore>,
): void {
  describe(`${title}, read`, () => {
    const files = new Map([
      [`backups/${ID}/data/${'t'.repeat(63)}.000001.zst.age`, Buffer.alloc(0)],
      [`backups/${ID}/data/a.0001.zst`, randomBytes(2_500_000)],
      [`backups/${ID}/manifest.json`, Buffer.from('{}')],
      [`objects/aa/${'a'.repeat(64)}.zst.age`, randomBytes(512)],
      [`objects/ab/${'b'.repeat(64)}.zst`, randomBytes(513)],
    ])
    let store: BackupStore
    before(async () => {
      store = await fill(files)
    })
    after(() => store.close())

    it('gives sizes and bytes of what is there, and says so of what is not', async () => {
      for (const [name, bytes] of files) {
        expect(await store.size(name)).to.equal(bytes.length)
        expect((await buffer(await store.get(name))).equals(bytes), name).to.equal(true)
      }
      const missing = `backups/${ID}/none`
      expect(await store.size(missing)).to.equal(undefined)
      const error = await refusal(store.get(missing).then((body) => buffer(body)))
      expect(error.code).to.equal('not_found')
    })

    it('lists names by their beginning in byte order', async () => {
      const names = async (prefix: string) => (await filesOf(store, prefix)).map(({ name }) => name)
      const sorted = [...files.keys()].sort()
      expect(await names('')).to.deep.equal(sorted)
      for (const prefix of [
        'backups/',
        `backups/${ID}/`,
        `backups/${ID}/data/a`,
        'objects/a',
        'objects/ab/',
        'x/',
      ]) {
        expect(await names(prefix), prefix).to.deep.equal(sorted.filter((name) => name.startsWith(prefix)))
      }
      const [first] = await filesOf(store, 'objects/')
      expect(first?.size).to.equal(512)
      expect(first?.modifiedAt).to.be.instanceOf(Date)
    })

    it('lets many read at once, and stop halfway', async () => {
      const name = `backups/${ID}/data/a.0001.zst`
      const halfway = await store.get(name)
      await halfway.take(1).toArray()
      halfway.destroy()
      const sums = await Promise.all(
        Array.from({ length: 5 }, async () => sha256(await buffer(await store.get(name)))),
      )
      expect(new Set(sums)).to.deep.equal(new Set([sha256(files.get(name) as Buffer)]))
    })
  })
}

/** What stores that are written to keep to as well. */
export function writeContract(title: string, open: () => Promise<BackupStore>): void {
  describe(`${title}, written`, () => {
    let store: BackupStore
    before(async () => {
      store = await open()
    })
    after(() => store.close())
    const put = (name: string, bytes: Buffer) => store.put(name, Readable.from([bytes]))
    const read = async (name: string) => buffer(await store.get(name))

    it('replaces a file by another as a whole, and forgets it', async () => {
      for (const size of [0, 100, 9_000_000]) {
        const bytes = randomBytes(size)
        await put('backups/a', bytes)
        expect((await read('backups/a')).equals(bytes)).to.equal(true)
      }
      await store.delete('backups/a')
      expect(await store.size('backups/a')).to.equal(undefined)
      await store.delete('backups/a')
    })

    it('keeps what was there when the new bytes break off, and passes on why', async () => {
      await put('backups/kept', Buffer.from('old'))
      for (const size of [10, 9_000_000]) {
        const broken = Readable.from(
          (async function* () {
            yield randomBytes(size)
            throw Object.assign(new Error('the source broke'), { code: 'ECONNRESET', syscall: 'read' })
          })(),
        )
        const error = await store.put('backups/kept', broken).catch((failure: unknown) => failure)
        expect(String(error)).to.contain('the source broke')
        expect(String(await read('backups/kept'))).to.equal('old')
        expect((await filesOf(store)).map(({ name }) => name)).to.deep.equal(['backups/kept'])
      }
    })

    it('refuses names that would lie elsewhere', async () => {
      for (const name of [
        '',
        '/x',
        '../x',
        'a/../../x',
        'a//b',
        './x',
        '.tmp/x',
        'a/b/c/d/e',
        'a\\b',
        'a\nb',
        'x'.repeat(201),
      ]) {
        const body = Readable.from([Buffer.from('x')])
        expect((await refusal(store.put(name, body))).code, name).to.equal('bad_name')
        expect(body.destroyed).to.equal(true)
        expect((await refusal(store.get(name))).code).to.equal('bad_name')
        expect((await refusal(store.delete(name))).code).to.equal('bad_name')
      }
    })
  })
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}
