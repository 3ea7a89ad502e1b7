import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { readObjectIndex } from '../../server/backup/object-index.js'
import { backUpObjects } from '../../server/backup/objects/back-up-objects.js'
import type { BackupStore } from '../../server/backup/stores/backup-store.js'
import { openFolderStore } from '../../server/backup/stores/folder-store.js'
import { createFileObjectStore } from '../../server/storage/object-store/file-driver.js'
import type { Figure } from '../report.js'

const OBJECTS = 1_000
const OBJECT_BYTES = 64 * 1024
const CHANGED = OBJECTS / 100

/** A second backup of objects of which 1 % have changed, beside the first: bytes that go to and come from the target. */
export async function measureObjectBackup(): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'vetrai-bench-objects-'))
  try {
    return [await measure(folder)]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function measure(folder: string): Promise<Figure> {
  const path = join(folder, 'objects')
  const objects = createFileObjectStore({ path, baseUrl: 'http://vetrai.test/', secret: 'bench' })
  const change = (n: number) =>
    objects.put(`folder-${n % 10}/${n}`, randomBytes(OBJECT_BYTES), {
      contentType: 'application/octet-stream',
    })
  await Promise.all(Array.from({ length: OBJECTS }, (_, n) => change(n)))
  const { store, moved } = counting(await openFolderStore({ name: 'bench', folder: join(folder, 'backups') }))
  const identity = await generateIdentity()
  const options = {
    ...{ objects, stores: [store], opening: { identities: [identity] } },
    sealing: { recipients: [await identityToRecipient(identity)] },
  }
  const firstAt = performance.now()
  const first = await backUpObjects({ ...options, backup: '20261126T000000Z-000001' })
  const [firstMs, firstBytes] = [performance.now() - firstAt, moved()]
  for (let n = 0; n < CHANGED; n += 1) await change(n * (OBJECTS / CHANGED))
  const secondAt = performance.now()
  const previous = readObjectIndex(store, first.index, options.opening)
  await backUpObjects({ ...options, backup: '20261126T000000Z-000002', previous })
  const [secondMs, secondBytes] = [performance.now() - secondAt, moved()]
  return {
    name: 'bytes of a backup of objects, 1 % changed',
    value: secondBytes / firstBytes,
    unit: 'x',
    target: { atMost: 0.02 },
    detail: {
      first_mb: firstBytes / 1e6,
      second_mb: secondBytes / 1e6,
      first_ms: firstMs,
      second_ms: secondMs,
    },
  }
}

/** A store, and the bytes that went to it and came from it since that was last asked. */
function counting(inner: BackupStore): { store: BackupStore; moved: () => number } {
  let bytes = 0
  async function* counted(body: AsyncIterable<Buffer>) {
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
    const since = bytes
    bytes = 0
    return since
  }
  return { store, moved }
}
