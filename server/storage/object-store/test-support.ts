import { createHash, randomBytes } from 'node:crypto'
import { PassThrough, Readable } from 'node:stream'
import { text as readText } from 'node:stream/consumers'
import { expect } from 'chai'
import { ObjectStoreError } from './errors.js'
import type { ObjectStore } from './object-store.js'

const plain = { contentType: 'text/plain' }

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'no error'
  } catch (error) {
    expect(error, String(error)).to.be.instanceOf(ObjectStoreError)
    return (error as ObjectStoreError).code
  }
}

/** What every driver must do; `at` keeps one run's keys apart from another's in a shared bucket. */
export function storeContract(name: string, open: () => Promise<ObjectStore>): void {
  describe(`object store contract: ${name}`, () => {
    const at = `t${randomBytes(5).toString('hex')}`
    let store: ObjectStore
    const read = async (key: string) => readText((await store.get(key)).body)

    before(async () => {
      store = await open()
      await store.prepare()
      await store.prepare()
    })
    after(async () => {
      for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
        const page = await store.list(`${at}/`, cursor === undefined ? {} : { cursor })
        for (const { key } of page.objects) await store.delete(key)
        cursor = page.nextCursor
      }
      await store.close()
    })

    it('gives back what was put, with type, metadata, size and time', async () => {
      const key = `${at}/a/report (1).txt`.replaceAll(' ', '_')
      const put = await store.put(key, Buffer.from('hello'), {
        contentType: 'text/plain; charset=utf-8',
        metadata: { 'uploaded-by': 'ada' },
      })
      const { info, body } = await store.get(key)
      expect(await readText(body)).to.equal('hello')
      expect(info).to.deep.include({
        key,
        size: 5,
        contentType: 'text/plain; charset=utf-8',
        metadata: { 'uploaded-by': 'ada' },
      })
      expect(info.etag).to.equal(put.etag)
      expect(Math.abs(info.modifiedAt.getTime() - Date.now())).to.be.lessThan(60_000)
      expect(await store.head(key)).to.deep.include({
        key,
        size: 5,
        etag: put.etag,
        metadata: { 'uploaded-by': 'ada' },
      })
    })

    it('takes a stream of unknown length, larger than one part', async () => {
      const block = randomBytes(1024 * 1024)
      const hash = createHash('sha256')
      async function* pieces() {
        for (let n = 0; n < 20; n += 1) {
          hash.update(block)
          yield block
        }
      }
      const { size } = await store.put(`${at}/big`, Readable.from(pieces()), plain)
      const back = createHash('sha256')
      const { info, body } = await store.get(`${at}/big`)
      for await (const piece of body) back.update(piece as Buffer)
      expect(size).to.equal(20 * 1024 * 1024)
      expect(info.size).to.equal(size)
      expect(back.digest('hex')).to.equal(hash.digest('hex'))
    })

    it('keeps an empty object', async () => {
      await store.put(`${at}/empty`, Buffer.alloc(0), plain)
      expect(await read(`${at}/empty`)).to.equal('')
      expect(await store.head(`${at}/empty`)).to.include({ size: 0 })
    })

    it('replaces an object whole and changes its etag', async () => {
      const first = await store.put(`${at}/same`, Buffer.from('one'), plain)
      const second = await store.put(`${at}/same`, Buffer.from('two'), { contentType: 'text/html' })
      expect(second.etag).to.not.equal(first.etag)
      expect((await store.head(`${at}/same`))?.contentType).to.equal('text/html')
      expect(await read(`${at}/same`)).to.equal('two')
    })

    it('never shows a reader a mixture while many writers replace one object', async () => {
      const key = `${at}/race`
      const bodies = Array.from({ length: 20 }, (_, n) => String(n).padStart(2, '0').repeat(4000))
      await store.put(key, Buffer.from(bodies[0] ?? ''), plain)
      const [reads] = await Promise.all([
        Promise.all(Array.from({ length: 40 }, () => read(key))),
        Promise.all(bodies.map((body) => store.put(key, Buffer.from(body), plain))),
      ])
      for (const text of [...reads, await read(key)]) expect(bodies).to.include(text)
    })

    it('says not found for what is not there, and deletes it without complaint', async () => {
      expect(await codeOf(store.get(`${at}/none`))).to.equal('object_store.not_found')
      expect(await store.head(`${at}/none`)).to.equal(undefined)
      await store.delete(`${at}/none`)
      await store.put(`${at}/gone`, Buffer.from('x'), plain)
      await store.delete(`${at}/gone`)
      await store.delete(`${at}/gone`)
      expect(await codeOf(store.get(`${at}/gone`))).to.equal('object_store.not_found')
    })

    it('reads ranges, and refuses one past the end', async () => {
      const key = `${at}/range`
      await store.put(key, Buffer.from('0123456789'), plain)
      const range = async (start: number, end?: number) => {
        const got = await store.get(key, { range: end === undefined ? { start } : { start, end } })
        return [await readText(got.body), got.range?.start, got.range?.end, got.info.size]
      }
      expect(await range(2, 4)).to.deep.equal(['234', 2, 4, 10])
      expect(await range(0, 0)).to.deep.equal(['0', 0, 0, 10])
      expect(await range(7)).to.deep.equal(['789', 7, 9, 10])
      expect(await range(8, 100)).to.deep.equal(['89', 8, 9, 10])
      for (const bad of [
        { start: 10 },
        { start: 5, end: 4 },
        { start: -1 },
        { start: 0.5 },
        { start: 99, end: 100 },
      ]) {
        expect(await codeOf(store.get(key, { range: bad })), JSON.stringify(bad)).to.equal(
          'object_store.bad_range',
        )
      }
    })

    it('keeps nothing of an upload that is too large or breaks off, and leaves the old object', async () => {
      const key = `${at}/partial`
      await store.put(key, Buffer.from('old'), plain)
      expect(await codeOf(store.put(key, Buffer.alloc(11), { ...plain, maxBytes: 10 }))).to.equal(
        'object_store.too_large',
      )
      const long = Readable.from([Buffer.alloc(8), Buffer.alloc(8)])
      expect(await codeOf(store.put(key, long, { ...plain, maxBytes: 10 }))).to.equal(
        'object_store.too_large',
      )
      const broken = new PassThrough()
      broken.write('abc')
      setTimeout(() => broken.destroy(new Error('the client went away')), 20)
      const error = await store.put(key, broken, plain).catch((e: unknown) => e)
      expect(error).to.be.an('error').with.property('message', 'the client went away')
      const gone = new PassThrough()
      const early = store.put(key, gone, plain).catch((e: unknown) => e)
      gone.destroy(new Error('before anybody read'))
      expect(await early)
        .to.be.an('error')
        .with.property('message', 'before anybody read')
      expect(await read(key)).to.equal('old')
    })

    it('lists in byte order, page by page, by prefix', async () => {
      const names = [
        'b',
        'a',
        'a/b',
        'a/b/c',
        'a-b',
        'a.b',
        'a0',
        'B',
        'a/a',
        'aa/x',
        'a/b.c',
        'z/1',
        'z/2',
        'z/10',
      ]
      const keys = names.map((name) => `${at}/list/${name}`)
      for (const key of keys) await store.put(key, Buffer.from(key), plain)
      const all = async (prefix: string, limit: number) => {
        const found: string[] = []
        for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
          const page = await store.list(prefix, cursor === undefined ? { limit } : { limit, cursor })
          found.push(...page.objects.map(({ key }) => key))
          expect(page.objects.length).to.be.at.most(limit)
          cursor = page.nextCursor
        }
        return found
      }
      const sorted = [...keys].sort((a, b) => (a < b ? -1 : 1))
      for (const limit of [1, 3, 14, 100])
        expect(await all(`${at}/list/`, limit), `limit ${limit}`).to.deep.equal(sorted)
      for (const prefix of ['a', 'a/', 'a/b', 'z/1', 'nothing', 'a/b/']) {
        const expected = sorted.filter((key) => key.startsWith(`${at}/list/${prefix}`))
        expect(await all(`${at}/list/${prefix}`, 2), prefix).to.deep.equal(expected)
      }
      const [first] = (await store.list(`${at}/list/B`)).objects
      expect(first).to.include({ size: `${at}/list/B`.length })
    })

    it('refuses a foreign cursor and a limit out of bounds', async () => {
      const traversal = Buffer.from('../x').toString('base64url')
      expect(await codeOf(store.list('', { cursor: traversal }))).to.equal('object_store.bad_cursor')
      for (const limit of [0, 1001, 1.5])
        expect(await codeOf(store.list('', { limit }))).to.equal('object_store.bad_input')
    })

    for (const key of [
      '',
      '/',
      '/a',
      'a/',
      'a//b',
      '.',
      '..',
      '../a',
      'a/../b',
      'a/./b',
      'a\\..\\b',
      'a\0b',
      'a~meta',
      'ä',
      'a b',
      '%2e%2e/a',
      'a'.repeat(201),
      'a/'.repeat(300),
    ]) {
      it(`refuses the key ${JSON.stringify(key.slice(0, 30))} everywhere`, async () => {
        expect(await codeOf(store.put(key, Buffer.from('x'), plain))).to.equal('object_store.bad_key')
        expect(await codeOf(store.get(key))).to.equal('object_store.bad_key')
        expect(await codeOf(store.head(key))).to.equal('object_store.bad_key')
        expect(await codeOf(store.delete(key))).to.equal('object_store.bad_key')
        expect(await codeOf(store.presignGet(key, { expiresInS: 60 }))).to.equal('object_store.bad_key')
      })
    }

    it('refuses prefixes that leave the store', async () => {
      for (const prefix of ['../', '/etc/', 'a/../', 'a\0']) {
        expect(await codeOf(store.list(prefix)), prefix).to.equal('object_store.bad_key')
      }
    })

    it('refuses types and metadata a header could not carry', async () => {
      const put = (options: { contentType?: string; metadata?: Record<string, string> }) =>
        codeOf(store.put(`${at}/meta`, Buffer.from('x'), { ...plain, ...options }))
      for (const contentType of [
        '',
        'text',
        'text/html\r\nx: y',
        'text/plain; a=b c',
        `a/${'b'.repeat(300)}`,
      ]) {
        expect(await put({ contentType })).to.equal('object_store.bad_input')
      }
      for (const metadata of [
        { 'A B': 'x' },
        { a: 'x\ny' },
        { a: 'é' },
        { a: '' },
        { a: 'x'.repeat(2100) },
        { __proto__x: 'x' },
      ]) {
        expect(await put({ metadata }), JSON.stringify(metadata).slice(0, 40)).to.equal(
          'object_store.bad_input',
        )
      }
    })

    it('signs links within bounds only', async () => {
      const key = `${at}/signed`
      for (const expiresInS of [0, -1, 1.5, 604_801]) {
        expect(await codeOf(store.presignGet(key, { expiresInS }))).to.equal('object_store.bad_input')
      }
      const put = (contentType: string, contentLength: number) =>
        codeOf(store.presignPut(key, { expiresInS: 60, contentType, contentLength }))
      expect(await put('nonsense', 1)).to.equal('object_store.bad_input')
      expect(await put('text/plain', -1)).to.equal('object_store.bad_input')
      expect(await put('text/plain', 1)).to.equal('no error')
    })

    it('answers a ping and tidies without touching objects', async () => {
      await store.put(`${at}/kept`, Buffer.from('x'), plain)
      await store.ping()
      expect(await store.tidy()).to.equal(0)
      expect(await read(`${at}/kept`)).to.equal('x')
    })
  })
}

/** What the links of a real S3 server must hold; `open` gives a store whose links can be reached from here. */
export function signedLinksContract(open: () => Promise<ObjectStore>): void {
  describe('s3 signed links', () => {
    it('upload and download with the signed headers only', async () => {
      const store = await open()
      await store.prepare()
      const key = `signed/${randomBytes(4).toString('hex')}.txt`
      const up = await store.presignPut(key, { expiresInS: 60, contentType: 'text/plain', contentLength: 5 })
      const wrongLength = await fetch(up.url, {
        method: 'PUT',
        body: 'too long',
        headers: { 'content-type': 'text/plain' },
      })
      const wrongType = await fetch(up.url, {
        method: 'PUT',
        body: 'hello',
        headers: { 'content-type': 'text/html' },
      })
      expect([wrongLength.status, wrongType.status]).to.deep.equal([403, 403])
      expect(
        (await fetch(up.url, { method: 'PUT', body: 'hello', headers: { 'content-type': 'text/plain' } }))
          .status,
      ).to.equal(200)

      const down = await store.presignGet(key, { expiresInS: 60, downloadName: 'Grüße.txt' })
      const res = await fetch(down.url)
      expect(await res.text()).to.equal('hello')
      expect(res.headers.get('content-disposition')).to.contain(`filename*=UTF-8''Gr%C3%BC%C3%9Fe.txt`)
      expect((await fetch(down.url.replace(key, `${key}x`))).status).to.equal(403)
      await store.delete(key)
    })
  })
}
