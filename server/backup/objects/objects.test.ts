import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { expect } from 'chai'
import fc from 'fast-check'
import { createFileObjectStore } from '../../storage/object-store/file-driver.js'
import type { ObjectStore } from '../../storage/object-store/object-store.js'
import type { Opening, Sealing } from '../codec/sealing.js'
import type { Part } from '../manifest.js'
import { objectName, readObjectIndex } from '../object-index.js'
import type { BackupStore } from '../stores/backup-store.js'
import { type MemoryStore, memoryStore, refusal } from '../test-support.js'
import { type BackedUpObjects, type BackUpObjectsOptions, backUpObjects } from './back-up-objects.js'
import { restoreObjects } from './restore-objects.js'

const KEYS = ['a', 'a-b', 'a/b', 'a/b/c', 'b.txt', 'images/1', 'images/2', 'z']
const BODIES = [0, 1, 2, 3].map((n) => Buffer.alloc(n * 70_000, `body ${n} `))
const TYPES = ['text/plain', 'image/png', 'application/json; charset=utf-8']

type Change = { key: string; body: number; type: number } | { key: string }
const changes: fc.Arbitrary<Change[]> = fc.array(
  fc.oneof(
    fc.record({
      key: fc.constantFrom(...KEYS),
      body: fc.nat(BODIES.length - 1),
      type: fc.nat(TYPES.length - 1),
    }),
    fc.record({ key: fc.constantFrom(...KEYS) }),
  ),
  { maxLength: 12 },
)

describe('the objects of a backup', function () {
  this.timeout(60_000)
  let sealing: Sealing
  let opening: Opening
  const closers: (() => Promise<unknown>)[] = []

  before(async () => {
    const identity = await generateIdentity()
    sealing = { recipients: [await identityToRecipient(identity)] }
    opening = { identities: [identity] }
  })
  afterEach(async () => {
    for (const close of closers.splice(0)) await close()
  })

  async function newObjects(): Promise<ObjectStore & { folder: string }> {
    const folder = await mkdtemp(join(tmpdir(), 'vetrai-objects-'))
    closers.push(() => rm(folder, { recursive: true, force: true }))
    const store = createFileObjectStore({ path: folder, baseUrl: 'https://vetrai.test/', secret: 'x' })
    await store.prepare()
    return Object.assign(store, { folder })
  }

  let backups = 0
  const backUp = (
    objects: ObjectStore,
    stores: readonly BackupStore[],
    before?: { index: Part },
    more: Partial<BackUpObjectsOptions> = {},
  ): Promise<BackedUpObjects> => {
    backups += 1
    const backup = `20261126T000000Z-${String(backups).padStart(6, '0')}`
    const [first] = stores
    const previous = before && first ? { previous: readObjectIndex(first, before.index, opening) } : {}
    return backUpObjects({ objects, stores, backup, sealing, opening, ...previous, ...more })
  }
  const restore = (
    objects: ObjectStore,
    store: BackupStore,
    { index }: { index: Part },
    more: Partial<Parameters<typeof restoreObjects>[0]> = {},
  ) =>
    restoreObjects({
      ...{ objects, store, opening, encryption: 'age', mode: 'all' },
      index: readObjectIndex(store, index, opening),
      ...more,
    })

  it('come back exactly as they were at either of two backups, whatever was changed in between', async () => {
    await fc.assert(
      fc.asyncProperty(changes, changes, changes, async (first, second, third) => {
        const objects = await newObjects()
        const store = memoryStore()
        await apply(objects, first)
        const [one, stateOne] = [await backUp(objects, [store]), await stateOf(objects)]
        await apply(objects, second)
        const [two, stateTwo] = [await backUp(objects, [store], one), await stateOf(objects)]
        expect(two.count).to.equal(Object.keys(stateTwo).length)
        await apply(objects, third)
        await restore(objects, store, one, { prune: true })
        expect(await stateOf(objects)).to.deep.equal(stateOne)
        const elsewhere = await newObjects()
        await restore(elsewhere, store, two)
        expect(await stateOf(elsewhere)).to.deep.equal(stateTwo)
        expect((await restore(elsewhere, store, two, { prune: true })).restored_count).to.equal(0)
        const contents = [...store.files.keys()].filter((name) => name.startsWith('objects/'))
        const distinct = new Set(
          [...Object.values(stateOne), ...Object.values(stateTwo)].map(({ sha256 }) => sha256),
        )
        expect(contents).to.have.length(distinct.size)
      }),
      { numRuns: 12 },
    )
  })

  it('move again only what has changed: for 1 % of them less than 2 % of the bytes', async () => {
    const objects = await newObjects()
    const { store, moved } = counting(memoryStore())
    await Promise.all(numbers(200).map((n) => put(objects, `f/${n}`, randomBytes(20_000))))
    const first = await backUp(objects, [store])
    const whole = moved()
    for (const n of [7, 77]) await put(objects, `f/${n}`, randomBytes(20_000))
    const reads = countReads(objects)
    const second = await backUp(reads.objects, [store], first)
    expect(second).to.include({ count: 200, new_count: 2, gone_count: 0 })
    expect(moved() / whole).to.be.below(0.02)
    expect(reads.keys()).to.have.members(['f/7', 'f/77'])
  })

  it('are the same bytes in every target, copied to one that came later, healed where one was cut off', async () => {
    const objects = await newObjects()
    const [here, there] = [memoryStore('here'), memoryStore('there')]
    for (let n = 0; n < 20; n += 1)
      await put(objects, `f/${n}`, Buffer.from(`content ${n % 15}`.repeat(2_000)))
    const one = await backUp(objects, [here])
    const reads = countReads(objects)
    await backUp(reads.objects, [here, there], one)
    expect(reads.keys()).to.deep.equal([])
    expect(contentsOf(there)).to.deep.equal(contentsOf(here))
    expect(contentsOf(here)).to.have.length(15)

    const [[cutName, cut]] = contentsOf(here) as [[string, Buffer]]
    here.files.set(cutName, cut.subarray(0, 50))
    await backUp(objects, [here, there], one)
    expect(contentsOf(there)).to.deep.equal(contentsOf(here))

    // Nothing tells of a backup that was killed; what it had stored is used, once it was opened to be sure.
    here.files.set(cutName, cut.subarray(0, 50))
    const sizes = here.files.size
    const again = await backUp(objects, [here])
    expect(again).to.include({ count: 20, new_count: 1 })
    expect(here.files.size).to.equal(sizes + 1)
    const elsewhere = await newObjects()
    await restore(elsewhere, here, again)
    expect(await stateOf(elsewhere)).to.deep.equal(await stateOf(objects))
  })

  it('are whole where they are replaced or deleted while they are read, also large ones', async () => {
    const objects = await newObjects()
    const [large, other] = [randomBytes(9 * 1024 * 1024), randomBytes(9 * 1024 * 1024)]
    await put(objects, 'large', large)
    await put(objects, 'small', Buffer.from('small'))
    await put(objects, 'zz-gone', Buffer.from('gone'))
    let reads = 0
    const moving: ObjectStore = {
      ...objects,
      get: async (key) => {
        if (key === 'zz-gone') await objects.delete(key)
        if (key === 'large') reads += 1
        if (key === 'large' && reads === 2) await put(objects, 'large', other)
        return objects.get(key)
      },
    }
    const store = memoryStore()
    const made = await backUp(moving, [store], undefined, { jobs: 1 })
    expect(made).to.include({ count: 2, gone_count: 1 })
    const elsewhere = await newObjects()
    await restore(elsewhere, store, made)
    expect(await buffer((await elsewhere.get('large')).body)).to.deep.equal(other)
    expect(contentsOf(store)).to.have.length(2)
  })

  it('are put back as far as they can be, and those that cannot are named', async () => {
    const objects = await newObjects()
    for (const key of KEYS) await put(objects, key, Buffer.from(key.repeat(1_000)))
    const store = memoryStore()
    const made = await backUp(objects, [store])
    const nameOf = (key: string) =>
      objectName(createHash('sha256').update(key.repeat(1_000)).digest('hex'), sealing)
    store.files.delete(nameOf('a/b'))
    const bad = Buffer.from(store.files.get(nameOf('z')) ?? '')
    bad.writeUInt8(bad.readUInt8(bad.length - 20) ^ 1, bad.length - 20)
    store.files.set(nameOf('z'), bad)

    const elsewhere = await newObjects()
    const { code, message } = await refusal(restore(elsewhere, store, made))
    expect(code).to.equal('objects_lost')
    expect(message).to.contain('2 of the objects').and.contain('a/b, z')
    expect(Object.keys(await stateOf(elsewhere))).to.have.length(KEYS.length - 2)
    expect((await readdir(join(elsewhere.folder, 'tmp'))).length).to.equal(0)

    const chosen = await newObjects()
    await put(chosen, 'images/9', Buffer.from('unknown to the backup'))
    await put(chosen, 'other', Buffer.from('of somebody else'))
    const mode = (key: string) => key.startsWith('images/')
    const done = await restore(chosen, store, made, { mode, prune: true })
    expect(done).to.include({ restored_count: 2, pruned_count: 1 })
    expect(Object.keys(await stateOf(chosen))).to.deep.equal(['images/1', 'images/2', 'other'])
  })

  it('stop at once when told to, and leave no index', async () => {
    const objects = await newObjects()
    for (const key of KEYS) await put(objects, key, Buffer.from(key))
    const store = memoryStore()
    const stopped = new AbortController()
    const onProgress = () => stopped.abort(new Error('enough'))
    const error = await backUp(objects, [store], undefined, {
      signal: stopped.signal,
      onProgress,
      jobs: 1,
    }).catch((thrown: Error) => thrown)
    expect(error).to.have.property('message', 'enough')
    expect([...store.files.keys()].filter((name) => name.startsWith('backups/'))).to.deep.equal([])
  })

  it('are sealed anew for other keys when asked to, and never by the way', async () => {
    const objects = await newObjects()
    for (const key of KEYS) await put(objects, key, Buffer.from(key))
    const store = memoryStore()
    await backUp(objects, [store])
    const identity = await generateIdentity()
    const other = { recipients: [await identityToRecipient(identity)] }
    const own = { sealing: other, opening: { identities: [identity] } }
    expect((await refusal(backUp(objects, [store], undefined, own))).code).to.equal('sealed_for_others')
    const renewed = await backUp(objects, [store], undefined, { sealing: other, renew: true })
    expect(renewed.new_count).to.equal(KEYS.length)
    const elsewhere = await newObjects()
    const opened = { identities: [identity] }
    await restoreObjects({
      ...{ objects: elsewhere, store, opening: opened, encryption: 'age', mode: 'all' },
      index: readObjectIndex(store, renewed.index, opened),
    })
    expect(await stateOf(elsewhere)).to.deep.equal(await stateOf(objects))
  })
})

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n)

const put = (objects: ObjectStore, key: string, body: Buffer, contentType = 'text/plain') =>
  objects.put(key, body, { contentType, metadata: { kind: contentType.slice(0, 4) } })

async function apply(objects: ObjectStore, all: readonly Change[]): Promise<void> {
  for (const change of all) {
    if ('body' in change)
      await put(objects, change.key, BODIES[change.body] as Buffer, TYPES[change.type] as string)
    else await objects.delete(change.key)
  }
}

/** All that matters of every object, by key. */
async function stateOf(objects: ObjectStore): Promise<Record<string, { sha256: string }>> {
  const state: Record<string, { sha256: string; contentType: string; metadata: object }> = {}
  for (const { key } of (await objects.list('', { limit: 1_000 })).objects) {
    const { info, body } = await objects.get(key)
    const sha256 = createHash('sha256')
      .update(await buffer(body))
      .digest('hex')
    state[key] = { sha256, contentType: info.contentType, metadata: info.metadata }
  }
  return state
}

function contentsOf({ files }: MemoryStore): [string, Buffer][] {
  return [...files].filter(([name]) => name.startsWith('objects/')).sort(([a], [b]) => (a < b ? -1 : 1))
}

/** A store that counts the bytes that are stored in it and read from it. */
function counting(inner: BackupStore): { store: BackupStore; moved: () => number } {
  let bytes = 0
  let last = 0
  const counted = async function* (body: AsyncIterable<Buffer>) {
    for await (const piece of body) {
      bytes += piece.length
      yield piece
    }
  }
  const through = (body: Readable) => Readable.from(counted(body), { objectMode: false })
  const store: BackupStore = {
    ...inner,
    put: (name, body) => inner.put(name, through(body)),
    get: async (name) => through(await inner.get(name)),
  }
  const moved = () => {
    const since = bytes - last
    last = bytes
    return since
  }
  return { store, moved }
}

/** An object store that tells which objects were read. */
function countReads(inner: ObjectStore): { objects: ObjectStore; keys: () => string[] } {
  const read: string[] = []
  const objects: ObjectStore = {
    ...inner,
    get: (key, options) => {
      read.push(key)
      return inner.get(key, options)
    },
  }
  return { objects, keys: () => read }
}
