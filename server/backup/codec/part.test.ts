import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { setImmediate as turn } from 'node:timers/promises'
import { Decrypter, Encrypter, generateIdentity, identityToRecipient } from 'age-encryption'
import { expect } from 'chai'
import fc from 'fast-check'
import type { BackupError } from '../backup-error.js'
import type { Part } from '../manifest.js'
import type { BackupStore } from '../stores/backup-store.js'
import { memoryStore, refusal } from '../test-support.js'
import { compress } from './compress.js'
import { decompress } from './decompress.js'
import { checkPart, readPart } from './read-part.js'
import { seal, unseal } from './seal.js'
import type { Opening, Sealing } from './sealing.js'
import { Throttle } from './throttle.js'
import { writePart, writeStored } from './write-part.js'

describe('parts of a backup', function () {
  this.timeout(60_000)
  let sealing: Sealing
  let opening: Opening
  before(async () => {
    const [own, recovery] = [await generateIdentity(), await generateIdentity()]
    sealing = { recipients: [await identityToRecipient(own), await identityToRecipient(recovery)] }
    opening = { identities: [recovery] }
  })

  const mixed = Buffer.concat([
    Buffer.alloc(1_500_000, 'row of a table,'),
    randomBytes(1_100_000),
    Buffer.alloc(70_000),
  ])
  const write = (store: BackupStore, bytes: Buffer = mixed, name = 'backups/x/data/a.0001.zst.age') =>
    writePart([store], name, source(bytes), { sealing: name.endsWith('.age') ? sealing : 'none' })

  it('give back what was written, of any size, for each key alone, sealed or not', async () => {
    const store = memoryStore()
    const chunk = 64 * 1024
    for (const size of [0, 1, chunk - 1, chunk, chunk + 1, 2 ** 20, 2 ** 20 + 1, mixed.length]) {
      for (const name of ['objects/aa/a.zst.age', 'objects/aa/a.zst']) {
        const part = await write(store, mixed.subarray(0, size), name)
        expect(part.plain_size).to.equal(size)
        expect(part.size).to.equal(await store.size(name))
        await checkPart(store, part)
        const plain = await buffer(readPart(store, part, { opening }))
        expect(plain.equals(mixed.subarray(0, size)), `${name} ${size}`).to.equal(true)
      }
    }
  })

  it('are opened by any program that knows age, and open what such a program sealed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 200_000 }), async (size) => {
        const plain = randomBytes(size)
        const ours = await buffer(seal(pieces(plain), sealing as { recipients: string[] }))
        const decrypter = new Decrypter()
        for (const identity of (opening as { identities: string[] }).identities)
          decrypter.addIdentity(identity)
        expect(plain.equals(await decrypter.decrypt(ours))).to.equal(true)

        const encrypter = new Encrypter()
        for (const recipient of (sealing as { recipients: string[] }).recipients)
          encrypter.addRecipient(recipient)
        const theirs = await encrypter.encrypt(plain)
        expect(plain.equals(await buffer(unseal(pieces(Buffer.from(theirs)), opening)))).to.equal(true)
      }),
      { numRuns: 20, examples: [[0], [65_536], [131_072]] },
    )
  })

  it('may be sealed with a passphrase, which is made a key of once', async () => {
    const store = memoryStore()
    const passphrase = { passphrase: 'correct horse' }
    const written: Part[] = []
    for (const name of ['a.zst.age', 'b.zst.age']) {
      written.push(await writePart([store], name, source(mixed), { sealing: passphrase }))
    }
    for (const part of written)
      expect((await buffer(readPart(store, part, { opening: passphrase }))).equals(mixed)).to.equal(true)
    const [part] = written as [Part]
    const wrong = await refusal(buffer(readPart(store, part, { opening: { passphrase: 'wrong horse' } })))
    expect(wrong.code).to.equal('wrong_key')
    expect((await refusal(buffer(readPart(store, part, { opening })))).message).to.contain('passphrase')
  })

  it('are refused with what to do: without a key, with another, with a passphrase', async () => {
    const store = memoryStore()
    const part = await write(store)
    const stranger = { identities: [await generateIdentity()] }
    const read = (by: Opening) => refusal(buffer(readPart(store, part, { opening: by })))
    expect(await read('none')).to.include({ code: 'key_needed' })
    expect(await read(stranger)).to.include({ code: 'wrong_key' })
    expect(await read({ passphrase: 'x' })).to.include({ code: 'wrong_key' })
    expect(await read({ identities: ['AGE-SECRET-KEY-1NONSENSE'] })).to.include({ code: 'bad_key' })
    const unfit = await refusal(
      writePart([store], 'a.zst.age', source(mixed), { sealing: { recipients: ['age1x'] } }),
    )
    expect(unfit.code).to.equal('bad_key')
  })

  it('are refused when any byte is changed, cut off, added or of another part', async () => {
    const store = memoryStore()
    const part = await write(store, mixed.subarray(1_300_000, 1_700_000))
    const other = await write(store, mixed.subarray(0, 400_000), 'backups/x/data/b.0001.zst.age')
    const bytes = store.files.get(part.name) as Buffer
    const readAs = async (changed: Buffer, as: Part = part): Promise<BackupError> => {
      store.files.set(part.name, changed)
      expect(await refusal(checkPart(store, as))).to.include({ code: 'damaged' })
      return refusal(buffer(readPart(store, as, { opening })))
    }
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: bytes.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        async (at, by) => {
          const changed = Buffer.from(bytes)
          changed.writeUInt8(changed.readUInt8(at) ^ by, at)
          // A changed head may look like one that was sealed for somebody else.
          expect((await readAs(changed)).code).to.be.oneOf(at < 600 ? ['damaged', 'wrong_key'] : ['damaged'])
          expect((await readAs(bytes.subarray(0, at))).code).to.equal('damaged')
        },
      ),
      {
        numRuns: 60,
        examples: [
          [0, 1],
          [30, 1],
          [bytes.length - 1, 1],
        ],
      },
    )
    expect((await readAs(Buffer.concat([bytes, Buffer.from('x')]))).message).to.contain('longer')
    expect((await readAs(store.files.get(other.name) as Buffer)).code).to.equal('damaged')
    const gone = await refusal(checkPart(store, { ...part, name: 'backups/x/none' }))
    expect(gone.code).to.equal('not_found')
  })

  it('never decompress to more than a bound, whatever the stream says', async () => {
    // A frame of one RLE block after the other: 4 bytes that claim 128 KiB each.
    const head = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58])
    const block = Buffer.from([0x02, 0x00, 0x10, 0x41])
    const bomb = Buffer.concat([head, ...Array.from({ length: 10_000 }, () => block)])
    const wide = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xff, 0x01, 0x00, 0x00])
    for (const bytes of [bomb, wide]) {
      const failed = await buffer(decompress(pieces(bytes))).catch((error: unknown) => error)
      expect(String(failed)).to.contain('wants more than')
    }
  })

  it('are read as well where their frames, as a stream of zstd has them, do not tell a size', async () => {
    const packed = Buffer.from(
      'KLUv/QBIvAAAeHJvdyBvZiBhIHRhYmxlLAEA7v+SzzpMAAAIdwEA/P85EAJNAAAIbwEA3BMdCAEotS/9AEhZAABhbmQgaXRzIGVuZA==',
      'base64',
    )
    const plain = await buffer(decompress(pieces(packed)))
    expect(
      plain.equals(Buffer.concat([Buffer.alloc(300_000, 'row of a table,'), Buffer.from('and its end')])),
    ).to.equal(true)
  })

  it('survive any bytes as a compressed stream: all of it or an error', async () => {
    const packed = await buffer(compress(pieces(mixed.subarray(1_400_000, 1_600_000))))
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(packed.length - 1), fc.nat(255)), { minLength: 1, maxLength: 5 }),
        async (changes) => {
          const changed = Buffer.from(packed)
          for (const [at, value] of changes) changed.writeUInt8(value, at)
          const result = await buffer(decompress(pieces(changed))).catch((error: Error) => error.message)
          if (typeof result === 'string') expect(result).to.match(/^(it|a compressed) /)
        },
      ),
      { numRuns: 100 },
    )
  })

  it('are in all stores or in none', async () => {
    const [good, bad] = [memoryStore(), memoryStore()]
    bad.put = async (_name, body) => {
      await body.take(1).toArray()
      throw new Error('the disk is gone')
    }
    const from = source(mixed)
    const failed = await writePart([good, bad], 'a.zst', from, { sealing: 'none' }).catch(
      (error: unknown) => error,
    )
    expect(String(failed)).to.contain('the disk is gone')
    expect([...good.files.keys()]).to.deep.equal([])
    expect(from.destroyed).to.equal(true)

    const broken = Readable.from(
      (async function* () {
        yield mixed
        throw new Error('the database is gone')
      })(),
    )
    const cut = await writePart([good], 'a.zst', broken, { sealing: 'none' }).catch((error: unknown) => error)
    expect(String(cut)).to.contain('the database is gone')
    expect([...good.files.keys()]).to.deep.equal([])
  })

  it('end at once when they are no longer wanted, even while the source is silent', async () => {
    const store = memoryStore()
    const stop = new AbortController()
    const silent = new Readable({ read() {} })
    silent.push(mixed)
    const writing = writePart([store], 'a.zst', silent, { sealing: 'none', signal: stop.signal })
    await turn()
    stop.abort(new Error('enough'))
    expect(String(await writing.catch((error: unknown) => error))).to.contain('enough')
    expect(silent.destroyed).to.equal(true)
    expect(store.files.size).to.equal(0)
  })

  it('are paced together', async () => {
    const store = memoryStore()
    const throttle = new Throttle(4_000_000)
    const began = performance.now()
    const one = (name: string) =>
      writePart([store], name, source(randomBytes(2_000_000)), { sealing: 'none', throttle })
    await Promise.all([one('a'), one('b')])
    // The last piece of each is let through before its own time is over.
    expect(performance.now() - began).to.be.within(400, 1_500)
  })

  it('may hold what was sealed before, its plain size known without a key', async () => {
    const store = memoryStore()
    for (const size of [0, 10, 65_536, 65_537, 200_000]) {
      const kit = await buffer(seal(pieces(Buffer.alloc(size, 'k')), sealing as { recipients: string[] }))
      const part = await writeStored([store], 'backups/x/kit.age', kit)
      expect(part.plain_size).to.equal(size)
      expect((await buffer(readPart(store, part, { opening }))).length).to.equal(size)
    }
  })
})

function source(bytes: Buffer): Readable {
  return Readable.from(pieces(bytes), { objectMode: false })
}

async function* pieces(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 50_000) yield bytes.subarray(at, at + 50_000)
}
