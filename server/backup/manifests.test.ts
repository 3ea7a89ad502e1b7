import { createHash } from 'node:crypto'
import { expect } from 'chai'
import fc from 'fast-check'
import { BackupError } from './backup-error.js'
import { listBackups } from './list-backups.js'
import { manifestName, readManifest, sealManifest, writeManifest } from './manifests.js'
import { type MemoryStore, makeBackup, memoryStore, refusal } from './test-support.js'

const ID = '20261126T031500Z-1a2b3c'

describe('manifests of backups', () => {
  let store: MemoryStore
  let written: Record<string, unknown>
  beforeEach(async () => {
    store = memoryStore()
    written = { ...(await makeBackup(store, { id: ID, sealing: 'none', objects: { a: 'one' } })) }
  })

  /** What reading says once the document is another one, its seal right. */
  const readAs = (change: (document: Record<string, unknown>) => unknown) => {
    const document = structuredClone(written)
    change(document)
    const { seal: _, ...rest } = document
    const seal = createHash('sha256').update(JSON.stringify(rest)).digest('hex')
    store.files.set(manifestName(ID), Buffer.from(JSON.stringify({ ...rest, seal })))
    return readManifest(store, ID)
  }

  it('are read as they were written, whatever the order of their fields was', async () => {
    const { id, seal: _, ...rest } = await readManifest(store, ID)
    const again = sealManifest({ ...rest, id })
    expect(again).to.deep.equal(written)
    await writeManifest(store, again)
    expect(await readManifest(store, ID)).to.deep.equal(written)
  })

  it('of a newer format name the version that reads them, of an unknown one the version that made them', async () => {
    const newer = await refusal(
      readAs((each) => Object.assign(each, { format: 2, more: 1, deployment: { version: '2.0.0' } })),
    )
    expect(newer).to.include({ code: 'too_new', next: 'Use VetrAI 2.0.0 or later.' })
    const other = await refusal(readAs((each) => Object.assign(each, { format: 0 })))
    expect(other).to.include({ code: 'unknown_format', next: 'Use VetrAI 1.2.3.' })
    const { unreadable, incomplete } = await listBackups(store)
    expect(unreadable.map(({ id, error }) => [id, error.code])).to.deep.equal([[ID, 'unknown_format']])
    expect(incomplete).to.deep.equal([])
  })

  it('are refused when they name files that are not their own, or one twice', async () => {
    const other = ID.replace('1a', '2a')
    const rename = (name: string) => (each: Record<string, unknown>) => {
      ;(each as { objects: { index: { name: string } } }).objects.index.name = name
    }
    const names = [
      ...[
        '../../etc/passwd',
        '/etc/passwd',
        'objects/x.zst',
        `backups/${ID}/../x.zst`,
        `backups/${ID}/.x.zst`,
      ],
      ...[
        `backups/${other}/data/users.0001.zst`,
        `backups/${ID}/data/users.0001.zst`,
        `backups/${ID}/manifest.json`,
      ],
      `backups/${ID}/objects.zst.age`,
    ]
    for (const name of names) expect((await refusal(readAs(rename(name)))).code, name).to.equal('damaged')
    expect((await refusal(readAs((each) => Object.assign(each, { id: other })))).message).to.contain(
      'another backup',
    )
    expect((await refusal(readAs((each) => Object.assign(each, { more: true })))).code).to.equal('damaged')
  })

  it('are refused when a byte of them is another', async () => {
    const bytes = store.files.get(manifestName(ID)) as Buffer
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, by) => {
        const changed = Buffer.from(bytes)
        changed.writeUInt8(changed.readUInt8(at) ^ by, at)
        store.files.set(manifestName(ID), changed)
        await refusal(readManifest(store, ID))
        store.files.set(manifestName(ID), bytes.subarray(0, at))
        expect((await refusal(readManifest(store, ID))).code).to.equal('damaged')
      }),
      { numRuns: 200 },
    )
  })

  it('never crash whoever reads or lists them, whatever they hold', async () => {
    const paths = pathsOf(written)
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...paths),
        fc.json().map((text) => JSON.parse(text) as unknown),
        async (path, value) => {
          await readAs((each) => put(each, path, value)).catch((error: unknown) =>
            expect(error).to.be.instanceOf(BackupError),
          )
          await listBackups(store)
        },
      ),
      { numRuns: 200 },
    )
    for (const text of [
      '',
      'null',
      '[]',
      '1',
      '{"format":1}',
      '{"format":1,"__proto__":{"x":1}}',
      '\u0000',
      '{"format":1e999}',
    ]) {
      store.files.set(manifestName(ID), Buffer.from(text))
      await refusal(readManifest(store, ID))
    }
    for (const id of ['', '..', '../x', 'x'.repeat(500), 'latest'])
      expect((await refusal(readManifest(store, id))).code).to.equal('not_found')
  })

  it('make the list: whole ones newest first, what is left of others, and nothing of what is not ours', async () => {
    const newer = '20261127T031500Z-000000'
    const left = '20261128T031500Z-000000'
    await makeBackup(store, { id: newer, sealing: 'none' })
    store.files.set(`backups/${left}/data/users.0001.zst`, Buffer.from('12345'))
    store.files.set('backups/readme', Buffer.from('x'))
    store.files.set('backups/x/manifest.json', Buffer.from('x'))
    store.files.set(`backups/${left}x/manifest.json`, Buffer.from('x'))
    const { complete, incomplete, unreadable } = await listBackups(store)
    expect(complete.map(({ manifest }) => manifest.id)).to.deep.equal([newer, ID])
    expect(complete[0]?.bytes).to.be.greaterThan(store.files.get(manifestName(newer))?.length ?? 0)
    expect(incomplete).to.have.length(1)
    expect(incomplete[0]).to.include({ id: left, bytes: 5, files: 1 })
    expect(unreadable).to.deep.equal([])
  })
})

type Path = readonly (string | number)[]

function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path]
  return Object.entries(value).flatMap(([key, each]) => [[...path, key], ...pathsOf(each, [...path, key])])
}

function put(document: Record<string, unknown>, path: Path, value: unknown): void {
  let at: Record<string, unknown> = document
  for (const key of path.slice(0, -1)) at = at[key] as Record<string, unknown>
  at[path.at(-1) as string] = value
}
