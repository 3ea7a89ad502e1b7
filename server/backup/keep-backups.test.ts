import { generateIdentity, identityToRecipient } from 'age-encryption'
import { expect } from 'chai'
import fc from 'fast-check'
import { chooseKept } from './choose-kept.js'
import type { Opening, Sealing } from './codec/sealing.js'
import { copyBackup } from './copy-backup.js'
import { listBackups } from './list-backups.js'
import type { Manifest } from './manifest.js'
import { manifestName, readManifest } from './manifests.js'
import { objectName } from './object-index.js'
import { pruneBackups } from './prune-backups.js'
import type { StoredFile } from './stores/backup-store.js'
import { filesOf, type MemoryStore, makeBackup, memoryStore, refusal } from './test-support.js'
import { verifyBackup } from './verify-backup.js'

const UTC = 'UTC'
const [MONDAY, TUESDAY, WEDNESDAY] = [
  '20261123T030000Z-000001',
  '20261124T030000Z-000002',
  '20261125T030000Z-000003',
] as const

describe('backups in a store', function () {
  this.timeout(60_000)
  let sealing: Sealing
  let opening: Opening
  let stranger: Opening
  before(async () => {
    const identity = await generateIdentity()
    sealing = { recipients: [await identityToRecipient(identity)] }
    opening = { identities: [identity] }
    stranger = { identities: [await generateIdentity()] }
  })

  describe('verified', () => {
    let store: MemoryStore
    let manifest: Manifest
    beforeEach(async () => {
      store = memoryStore()
      manifest = await makeBackup(store, { id: MONDAY, sealing, objects: { a: 'one', b: 'two', c: 'one' } })
    })

    it('are whole when every file is, with a key down to the contents', async () => {
      const files: number[] = []
      const onProgress = (progress: { files: number }) => files.push(progress.files)
      const whole = await verifyBackup(store, manifest, { opening, onProgress })
      // Two tables, the index, and two contents of three objects.
      expect(whole).to.deep.include({ ok: true, content: true, objects: 'checked', parts: 5, problems: [] })
      expect(files.at(-1)).to.equal(5)
      expect(whole.bytes).to.equal(sizeOf(store) - (store.files.get(manifestName(MONDAY))?.length ?? 0))
      expect(await verifyBackup(store, manifest)).to.include({
        ok: true,
        content: false,
        objects: 'sealed',
        parts: 3,
      })
      expect(await verifyBackup(store, manifest, { opening, content: false })).to.include({
        ok: true,
        parts: 5,
      })
    })

    it('tell all that is wrong, not only the first', async () => {
      const [keys, users] = manifest.database.tables.map(({ parts }) => parts[0]?.name ?? '')
      const [one, two] = (await filesOf(store, 'objects/')).map(({ name }) => name)
      store.files.delete(keys ?? '')
      spoil(store, users)
      spoil(store, one)
      store.files.set(two ?? '', Buffer.alloc(0))
      for (const content of [true, false]) {
        const { ok, problems } = await verifyBackup(store, manifest, { opening, content })
        expect(ok).to.equal(false)
        const found = problems.map(({ name, code }) => `${code} ${name}`).sort()
        expect(found).to.deep.equal(
          [`damaged ${one}`, `damaged ${two}`, `damaged ${users}`, `not_found ${keys}`].sort(),
        )
        for (const { message, next } of problems) expect(message !== '' && next !== '').to.equal(true)
      }
    })

    it('are not called damaged for a key that is another’s, nor for a store that is away', async () => {
      expect((await refusal(verifyBackup(store, manifest, { opening: stranger }))).code).to.equal('wrong_key')
      store.get = async () => {
        throw Object.assign(new Error('away'), { code: 'EIO' })
      }
      const error = await verifyBackup(store, manifest).catch((failure: unknown) => failure)
      expect(String(error)).to.contain('away')
    })

    it('are not whole when parts changed places', async () => {
      const [a, b] = manifest.database.tables.map(({ parts }) => parts[0]?.name ?? '') as [string, string]
      const [first, second] = [store.files.get(a) as Buffer, store.files.get(b) as Buffer]
      store.files.set(a, second).set(b, first)
      const { problems } = await verifyBackup(store, manifest, { opening })
      expect(problems.map(({ name }) => name).sort()).to.deep.equal([a, b].sort())
    })

    it('take an object that was sealed anew for what it is', async () => {
      const other = memoryStore()
      await makeBackup(other, { id: TUESDAY, sealing, objects: { x: 'one' } })
      const [{ name }] = (await filesOf(other, 'objects/')) as [StoredFile]
      store.files.set(name, other.files.get(name) as Buffer)
      for (const content of [true, false])
        expect(await verifyBackup(store, manifest, { opening, content })).to.include({ ok: true })
    })
  })

  describe('chosen to be kept', () => {
    const backup = fc
      .date({ min: new Date('2024-01-01'), max: new Date('2026-12-31'), noInvalidDate: true })
      .map((date) => ({ id: date.toISOString(), created_at: date.toISOString() }))
    const keep = fc.record({ last: fc.nat(4), daily: fc.nat(8), weekly: fc.nat(5), monthly: fc.nat(12) })
    const zone = fc.constantFrom('UTC', 'Europe/Berlin', 'Pacific/Kiritimati', 'America/St_Johns')

    it('hold the newest, no more than asked for, and the same when chosen from again', () => {
      fc.assert(
        fc.property(
          fc.uniqueArray(backup, { minLength: 1, maxLength: 60, selector: ({ id }) => id }),
          keep,
          zone,
          (all, each, timeZone) => {
            const kept = chooseKept(all, each, timeZone)
            const newest =
              all
                .map(({ id }) => id)
                .sort()
                .at(-1) ?? ''
            expect(kept.has(newest)).to.equal(true)
            expect(kept.size).to.be.at.least(Math.min(all.length, each.last))
            expect(kept.size).to.be.at.most(Math.max(1, each.last) + each.daily + each.weekly + each.monthly)
            const again = chooseKept(
              all.filter(({ id }) => kept.has(id)),
              each,
              timeZone,
            )
            expect([...again].sort()).to.deep.equal([...kept].sort())
          },
        ),
        { numRuns: 300 },
      )
    })

    it('are the newest of each day, week and month as the clock on the wall has them', () => {
      const at = (created_at: string) => ({ id: created_at, created_at })
      const times = [
        '2026-10-31T22:30:00Z',
        '2026-10-31T23:30:00Z',
        '2026-11-01T12:00:00Z',
        '2026-11-02T12:00:00Z',
      ]
      const kept = (some: object, timeZone: string) =>
        [...chooseKept(times.map(at), { last: 0, daily: 0, weekly: 0, monthly: 0, ...some }, timeZone)].sort()
      const [before, midnight, sunday, monday] = times
      expect(kept({}, UTC)).to.deep.equal([monday])
      expect(kept({ daily: 9 }, UTC)).to.deep.equal([midnight, sunday, monday])
      expect(kept({ daily: 9 }, 'Europe/Berlin')).to.deep.equal([before, sunday, monday])
      expect(kept({ weekly: 9 }, UTC)).to.deep.equal([sunday, monday])
      expect(kept({ monthly: 9 }, UTC)).to.deep.equal([midnight, monday])
      expect(kept({ monthly: 9 }, 'Europe/Berlin')).to.deep.equal([before, monday])
      expect(kept({ last: 2 }, UTC)).to.deep.equal([sunday, monday])
    })
  })

  describe('pruned', () => {
    const now = new Date('2026-11-26T12:00:00Z')
    const keep = { last: 1, daily: 0, weekly: 0, monthly: 0 }
    const options = () => ({ keep, timeZone: UTC, opening, now })
    const old = new Date('2026-11-01T00:00:00Z')
    const fill = async () => {
      const store = memoryStore()
      await makeBackup(store, { id: MONDAY, sealing, objects: { a: 'only monday', b: 'shared' } })
      await makeBackup(store, { id: TUESDAY, sealing, objects: { b: 'shared', c: 'only tuesday' } })
      await makeBackup(store, { id: WEDNESDAY, sealing, objects: { b: 'shared', d: 'new' } })
      for (const name of store.files.keys()) store.times.set(name, old)
      return store
    }

    it('leave what is kept whole, and nothing of the others', async () => {
      const store = await fill()
      const sizes = sizeOf(store)
      const told = await pruneBackups(store, { ...options(), dryRun: true })
      expect(sizeOf(store)).to.equal(sizes)
      const result = await pruneBackups(store, options())
      expect(result).to.deep.equal(told)
      expect(result).to.deep.include({
        kept: [WEDNESDAY],
        removed: [TUESDAY, MONDAY],
        objects: 'pruned',
        notes: [],
      })
      expect(result.removed_objects.count).to.equal(2)
      const manifest = await readManifest(store, WEDNESDAY)
      expect(await verifyBackup(store, manifest, { opening })).to.include({ ok: true, parts: 5 })
      expect(store.files.size).to.equal(6)
      expect(await pruneBackups(store, options())).to.deep.include({
        removed: [],
        removed_objects: { count: 0, bytes: 0 },
      })
    })

    it('leave every backup that still has its manifest whole, wherever it broke off, and end the next time', async () => {
      for (let failing = 0; ; failing += 1) {
        const store = await fill()
        let deletes = 0
        const { delete: remove } = store
        store.delete = async (name) => {
          if (deletes === failing) throw new Error('the power is gone')
          deletes += 1
          await remove(name)
        }
        const error = await pruneBackups(store, options()).catch((failure: unknown) => failure)
        for (const { manifest } of (await listBackups(store)).complete)
          expect((await verifyBackup(store, manifest, { opening })).problems, `${failing}`).to.deep.equal([])
        expect((await listBackups(store)).complete[0]?.manifest.id).to.equal(WEDNESDAY)
        store.delete = remove
        await pruneBackups(store, options())
        expect(store.files.size, `${failing}`).to.equal(6)
        if (!(error instanceof Error)) return expect(failing).to.be.greaterThan(8)
      }
    })

    it('leave objects, and say so, where it is not known which are needed', async () => {
      const cases: [string, (store: MemoryStore) => void, object][] = [
        ['sealed', () => {}, { opening: undefined }],
        ['does not open', () => {}, { opening: stranger }],
        ['being made', () => {}, { living: ['20261126T110000Z-000009'] }],
        [
          'less than a day ago',
          (store) => store.files.set('backups/20261126T110000Z-000009/a', Buffer.alloc(1)),
          {},
        ],
        ['cannot be read', (store) => store.files.set(manifestName(TUESDAY), Buffer.from('{}')), {}],
        ['not known', (store) => store.files.delete(`backups/${WEDNESDAY}/objects.zst.age`), {}],
      ]
      for (const [note, change, more] of cases) {
        const store = await fill()
        change(store)
        const result = await pruneBackups(store, { ...options(), ...more })
        expect(result.objects, note).to.equal('left')
        expect(result.notes.join(), note).to.contain(note)
        expect(await filesOf(store, 'objects/'), note).to.have.length(4)
        expect(result.removed, note).to.include(MONDAY)
      }
    })

    it('leave what other deployments, running backups and those who need one own, and new objects', async () => {
      const store = await fill()
      const theirs = '20261101T030000Z-000007'
      const [crashed, running] = ['20261120T030000Z-000008', '20261121T030000Z-000009']
      await makeBackup(store, { id: theirs, sealing, deployment: 'theirs' })
      for (const id of [crashed, running]) {
        store.files.set(`backups/${id}/a`, Buffer.alloc(1))
        store.times.set(`backups/${id}/a`, old)
      }
      const stray = objectName('f'.repeat(64), sealing)
      store.files.set(stray, Buffer.alloc(1)).set('objects/readme', Buffer.alloc(1))
      store.times.set(stray, now).set('objects/readme', old)
      const result = await pruneBackups(store, {
        ...options(),
        deployment: 'ours',
        needed: [MONDAY],
        living: [running],
      })
      expect(result).to.deep.include({
        kept: [WEDNESDAY, MONDAY, theirs],
        removed: [TUESDAY],
        removed_incomplete: [crashed],
      })
      await pruneBackups(store, { ...options(), deployment: 'ours', needed: [MONDAY] })
      expect([...store.files.keys()])
        .to.include.members([stray, 'objects/readme'])
        .and.not.include(`backups/${running}/a`)
    })
  })

  describe('copied', () => {
    it('are whole in the other store, what is there already left alone, the manifest last', async () => {
      const [from, to] = [memoryStore('from'), memoryStore('to')]
      const manifest = await makeBackup(from, { id: TUESDAY, sealing, objects: { a: 'one', b: 'two' } })
      await makeBackup(to, { id: MONDAY, sealing, objects: { a: 'one' } })
      const before = to.files.size
      const order: string[] = []
      const { put } = to
      to.put = async (name, body) => {
        order.push(name)
        await put(name, body)
      }
      expect((await refusal(copyBackup(from, to, manifest))).code).to.equal('key_needed')
      expect((await listBackups(to)).complete).to.have.length(1)
      const first = await copyBackup(from, to, manifest, { opening })
      expect(first).to.include({ copied: 1, skipped: 4 })
      expect(order.at(-1)).to.equal(manifestName(TUESDAY))
      expect(to.files.size).to.equal(before + 5)
      expect(await verifyBackup(to, manifest, { opening })).to.include({ ok: true })
      expect(await copyBackup(from, to, manifest, { opening })).to.include({
        copied: 0,
        bytes: 0,
        skipped: 5,
      })
    })

    it('are not copied when they are damaged, and never over another of the same id', async () => {
      const [from, to] = [memoryStore('from'), memoryStore('to')]
      const manifest = await makeBackup(from, { id: MONDAY, sealing, objects: { a: 'one' } })
      spoil(from, manifest.database.tables[1]?.parts[0]?.name)
      expect((await refusal(copyBackup(from, to, manifest, { opening }))).code).to.equal('damaged')
      expect((await listBackups(to)).complete).to.deep.equal([])
      const other = await makeBackup(to, { id: MONDAY, sealing })
      expect((await refusal(copyBackup(from, to, manifest, { opening }))).code).to.equal('backup_exists')
      expect(await readManifest(to, MONDAY)).to.deep.equal(other)
    })
  })
})

function spoil(store: MemoryStore, name: string | undefined): void {
  const bytes = Buffer.from(store.files.get(name ?? '') ?? [])
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 3) ^ 1, bytes.length - 3)
  store.files.set(name ?? '', bytes)
}

function sizeOf(store: MemoryStore): number {
  return [...store.files.values()].reduce((sum, { length }) => sum + length, 0)
}
