import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { ObjectStoreError } from './errors.js'
import { createFileObjectStore, downloadHeaders } from './file-driver.js'
import { verifyLocalUrl } from './local-presign.js'
import type { ObjectStore } from './object-store.js'

const plain = { contentType: 'text/plain' }
const secret = 'a'.repeat(64)
const BASE = 'https://vetrai.example/objects/v1/'

describe('file object store', () => {
  let path: string
  let now: Date
  let store: ObjectStore
  const files = async () =>
    (await readdir(path, { recursive: true, withFileTypes: true })).filter((e) => e.isFile())

  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), 'vetrai-files-'))
    now = new Date('2026-03-01T12:00:00.500Z')
    store = createFileObjectStore({ path, baseUrl: BASE, secret, now: () => now })
    await store.prepare()
  })
  afterEach(() => rm(path, { recursive: true, force: true }))

  const codeOf = async (work: Promise<unknown>) => {
    const error = await work.then(
      () => undefined,
      (e: unknown) => e,
    )
    return error instanceof ObjectStoreError ? error.code : String(error)
  }

  it('gives the SHA-256 as etag', async () => {
    const { etag } = await store.put('a', Buffer.from('abc'), plain)
    expect(etag).to.equal('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  })

  it('keeps files private and leaves no trace of what was replaced or deleted', async () => {
    for (const body of ['1', '2', '3']) await store.put('a/b', Buffer.from(body), plain)
    const kept = await files()
    expect(kept.map((file) => file.name.replace(/~[0-9a-f]{12}$/, '~data')).sort()).to.deep.equal([
      'b~data',
      'b~meta',
    ])
    for (const file of kept)
      expect((await stat(join(file.parentPath, file.name))).mode & 0o777).to.equal(0o600)
    expect((await stat(join(path, 'objects', 'a'))).mode & 0o777).to.equal(0o700)

    await store.delete('a/b')
    expect(await files()).to.deep.equal([])
    expect(await readdir(join(path, 'objects'))).to.deep.equal([])
  })

  it('leaves one data file after many writers at once', async () => {
    await Promise.all(Array.from({ length: 30 }, (_, n) => store.put('a', Buffer.from(String(n)), plain)))
    expect(await files()).to.have.length(2)
  })

  it('survives writers and deleters of the same folder at once', async () => {
    const work = Array.from({ length: 60 }, async (_, n) => {
      await store.put(`f/g/${n % 5}`, Buffer.from('x'), plain)
      await store.delete(`f/g/${(n + 1) % 5}`)
    })
    await Promise.all(work)
    await store.put('f/g/0', Buffer.from('last'), plain)
    expect((await store.head('f/g/0'))?.size).to.equal(4)
  })

  it('works before prepare and heals an emptied folder', async () => {
    await rm(path, { recursive: true })
    expect(await codeOf(store.ping())).to.equal('object_store.unavailable')
    expect((await store.list('')).objects).to.deep.equal([])
    await store.put('a', Buffer.from('x'), plain)
    await store.ping()
  })

  it('reports a disk it cannot use as unavailable, without its path', async () => {
    await rm(path, { recursive: true })
    await writeFile(path, 'not a folder')
    const error = await store.put('a', Buffer.from('x'), plain).catch((e: unknown) => e)
    expect(error).to.include({ code: 'object_store.unavailable' })
    expect(String(error)).to.not.contain(path)
  })

  it('reports damage instead of serving it', async () => {
    await store.put('short', Buffer.from('12345'), plain)
    await store.put('missing', Buffer.from('12345'), plain)
    await store.put('record', Buffer.from('12345'), plain)
    for (const file of await files()) {
      const at = join(file.parentPath, file.name)
      if (/^short~(?!meta)/.test(file.name)) await truncate(at, 3)
      if (/^missing~(?!meta)/.test(file.name)) await rm(at)
      if (file.name === 'record~meta') await writeFile(at, '{"data":"../../etc"}')
    }
    for (const key of ['short', 'missing', 'record']) {
      expect(await codeOf(store.get(key)), key).to.equal('object_store.damaged')
    }
    await store.put('record', Buffer.from('mended'), plain)
    expect((await store.head('record'))?.size).to.equal(6)
  })

  it('follows no symbolic link put in the place of its bytes', async () => {
    await store.put('a', Buffer.from('12345'), plain)
    const data = (await readdir(join(path, 'objects'))).find((name) => /^a~(?!meta)/.test(name)) ?? ''
    await rm(join(path, 'objects', data))
    await symlink('/etc/hostname', join(path, 'objects', data))
    expect(await codeOf(store.get('a'))).to.equal('object_store.unavailable')
  })

  it('goes on reading the old bytes while they are replaced', async () => {
    await store.put('a', Buffer.alloc(300_000, 'o'), plain)
    const { body } = await store.get('a')
    await store.put('a', Buffer.from('new'), plain)
    let size = 0
    for await (const piece of body) size += (piece as Buffer).length
    expect(size).to.equal(300_000)
  })

  it('tidies leftovers older than a day and nothing else', async () => {
    await store.put('a/b', Buffer.from('x'), plain)
    const old = new Date(now.getTime() - 2 * 86_400_000)
    await mkdir(join(path, 'tmp'), { recursive: true })
    const left = [
      join(path, 'tmp', '0123456789ab'),
      join(path, 'objects', 'a', 'b~0123456789ab'),
      join(path, 'objects', 'gone~0123456789ab'),
    ]
    const fresh = join(path, 'tmp', 'ba9876543210')
    for (const file of [...left, fresh]) await writeFile(file, 'x')
    for (const file of [...(await files()).map((e) => join(e.parentPath, e.name))])
      await utimes(file, old, old)
    await utimes(fresh, now, now)

    expect(await store.tidy()).to.equal(3)
    expect(await readFile(fresh, 'utf8')).to.equal('x')
    expect((await store.head('a/b'))?.size).to.equal(1)
    expect(await codeOf(store.get('a/b').then(({ body }) => body.destroy()))).to.equal('undefined')
  })

  describe('signed links', () => {
    const verify = (
      url: string,
      change: { method?: string; key?: string; now?: Date; query?: string } = {},
    ) => {
      const { pathname, searchParams } = new URL(url)
      const key = pathname.slice(new URL(BASE).pathname.length).split('/').map(decodeURIComponent).join('/')
      const query = change.query === undefined ? searchParams : new URLSearchParams(change.query)
      return verifyLocalUrl(secret, {
        method: 'GET',
        key,
        query,
        now,
        ...('method' in change && { method: change.method ?? '' }),
        ...(change.key && { key: change.key }),
        ...(change.now && { now: change.now }),
      })
    }
    const refusal = (work: () => unknown) => {
      try {
        work()
        return 'no error'
      } catch (error) {
        return (error as ObjectStoreError).code
      }
    }

    it('carry their grant until they expire', async () => {
      const { url, expiresAt } = await store.presignGet("a/b'(c).txt", {
        expiresInS: 300,
        downloadName: 'Grüße.txt',
      })
      expect(url.startsWith(BASE)).to.equal(true)
      expect(verify(url)).to.deep.include({ method: 'GET', key: "a/b'(c).txt", downloadName: 'Grüße.txt' })
      expect(verify(url, { method: 'HEAD' }).method).to.equal('GET')
      expect(verify(url, { now: new Date(expiresAt.getTime() - 1) }).key).to.equal("a/b'(c).txt")
      expect(refusal(() => verify(url, { now: expiresAt }))).to.equal('object_store.expired')
    })

    it('hold an upload to its type and length', async () => {
      const { url, headers } = await store.presignPut('a', {
        expiresInS: 60,
        contentType: 'image/png',
        contentLength: 42,
      })
      expect(headers).to.deep.equal({ 'content-type': 'image/png', 'content-length': '42' })
      expect(verify(url, { method: 'PUT' })).to.deep.include({ contentType: 'image/png', contentLength: 42 })
    })

    it('are refused for another method, key, field, secret or without signature', async () => {
      const { url } = await store.presignPut('a', {
        expiresInS: 60,
        contentType: 'image/png',
        contentLength: 42,
      })
      const { search } = new URL(url)
      const bad = [
        () => verify(url),
        () => verify(url, { method: 'DELETE' }),
        () => verify(url, { method: 'PUT', key: 'b' }),
        () => verify(url, { method: 'PUT', query: search.replace('len=42', 'len=43') }),
        () => verify(url, { method: 'PUT', query: search.replace('len=42', '') }),
        () => verify(url, { method: 'PUT', query: search.replace('image%2Fpng', 'text%2Fhtml') }),
        () => verify(url, { method: 'PUT', query: search.replace(/exp=\d+/, 'exp=9999999999') }),
        () => verify(url, { method: 'PUT', query: `${search}&name=x` }),
        () => verify(url, { method: 'PUT', query: `${search}&len=42` }),
        () => verify(url, { method: 'PUT', query: search.replace(/&sig=.*/, '') }),
        () => verify(url, { method: 'PUT', query: search.replace(/&sig=.*/, '&sig=') }),
        () => verify(url, { method: 'PUT', query: search.replace('op=PUT', 'op=GET') }),
      ]
      for (const [n, work] of bad.entries())
        expect(refusal(work), `case ${n}`).to.equal('object_store.bad_signature')
      const other = createFileObjectStore({ path, baseUrl: BASE, secret: 'b'.repeat(64), now: () => now })
      const forged = (await other.presignGet('a', { expiresInS: 60 })).url
      expect(refusal(() => verify(forged))).to.equal('object_store.bad_signature')
    })

    it('are served as attachments that nothing in a browser runs', async () => {
      const info = await store.put('a/page.html', Buffer.from('<script>'), { contentType: 'text/html' })
      expect(downloadHeaders(info)).to.include({
        'content-disposition': `attachment; filename="page.html"; filename*=UTF-8''page.html`,
        'content-security-policy': "default-src 'none'; sandbox",
        'x-content-type-options': 'nosniff',
        'content-length': '8',
      })
    })
  })
})
