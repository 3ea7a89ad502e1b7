import { once } from 'node:events'
import http, { type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import net from 'node:net'
import zlib from 'node:zlib'
import { expect } from 'chai'
import { OutboundError } from './errors.js'
import { createSafeFetch, type ObservedCall, type SafeFetchOptions } from './safe-fetch.js'

const servers: net.Server[] = []

async function listen(
  handler: RequestListener,
  host = '127.0.0.1',
): Promise<{ port: number; url: string; hits: () => number }> {
  let hits = 0
  const server = http.createServer((req, res) => {
    hits += 1
    handler(req, res)
  })
  return { ...(await open(server, host)), hits: () => hits }
}

async function open(server: Server | net.Server, host: string): Promise<{ port: number; url: string }> {
  servers.push(server)
  server.listen(0, host)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { port, url: `http://${host}:${port}` }
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'no error'
  } catch (error) {
    expect(error).to.be.instanceOf(OutboundError)
    return (error as OutboundError).code
  }
}

const inside = (options: SafeFetchOptions = {}) => createSafeFetch({ allow: ['127.0.0.1/32'], ...options })
const LOOPBACK = { address: '127.0.0.1', family: 4 }
const answer =
  (text: string): RequestListener =>
  (_req, res) =>
    void res.end(text)

afterEach(async () => {
  for (const server of servers.splice(0)) {
    if (server instanceof http.Server) server.closeAllConnections()
    server.close()
  }
})

describe('safe fetch: addresses', () => {
  const guarded = createSafeFetch()
  const refused: [string, string][] = [
    ['http://127.0.0.1/', 'outbound.refused_address'],
    ['http://[::1]/', 'outbound.refused_address'],
    ['http://[::ffff:127.0.0.1]/', 'outbound.refused_address'],
    ['http://[::ffff:7f00:1]/', 'outbound.refused_address'],
    ['http://[::127.0.0.1]/', 'outbound.refused_address'],
    ['http://[64:ff9b::7f00:1]/', 'outbound.refused_address'],
    ['http://[2002:7f00:1::]/', 'outbound.refused_address'],
    ['http://[fe80::1]/', 'outbound.refused_address'],
    ['http://[fd00:ec2::254]/latest/meta-data/', 'outbound.refused_address'],
    ['http://0x7f.1/', 'outbound.refused_address'],
    ['http://2130706433/', 'outbound.refused_address'],
    ['http://0177.0.0.1/', 'outbound.refused_address'],
    ['http://017700000001/', 'outbound.refused_address'],
    ['http://127.1/', 'outbound.refused_address'],
    ['http://0/', 'outbound.refused_address'],
    ['http://127.0.0.1./', 'outbound.refused_address'],
    ['http://127。0。0。1/', 'outbound.refused_address'],
    ['http://①②⑦.0.0.1/', 'outbound.refused_address'],
    ['http://169.254.169.254/latest/meta-data/', 'outbound.refused_address'],
    ['http://10.0.0.1/', 'outbound.refused_address'],
    ['http://192.168.0.1:8080/', 'outbound.refused_address'],
    ['http://100.64.0.1/', 'outbound.refused_address'],
    ['http://localhost/', 'outbound.refused_address'],
    ['http://LOCALHOST./', 'outbound.refused_address'],
    ['http://api.localhost/', 'outbound.refused_address'],
    ['http://user:secret@example.com/', 'outbound.refused_userinfo'],
    ['http://example.com@127.0.0.1/', 'outbound.refused_userinfo'],
    ['http://127.0.0.1\\@example.com/', 'outbound.refused_address'],
    ['example.com/hook', 'outbound.invalid_url'],
    ['//example.com/hook', 'outbound.invalid_url'],
    ['example.com:80/hook', 'outbound.refused_scheme'],
    ['', 'outbound.invalid_url'],
    ['http://', 'outbound.invalid_url'],
    ['http://[fe80::1%25eth0]/', 'outbound.invalid_url'],
    ['file:///etc/passwd', 'outbound.refused_scheme'],
    ['gopher://example.com/', 'outbound.refused_scheme'],
    ['ftp://example.com/', 'outbound.refused_scheme'],
    ['data:text/plain,x', 'outbound.refused_scheme'],
    ['javascript:alert(1)', 'outbound.refused_scheme'],
    ['http://example.com:6379/', 'outbound.refused_port'],
    ['http://example.com:25/', 'outbound.refused_port'],
    [`http://example.com/${'a'.repeat(9000)}`, 'outbound.invalid_url'],
  ]
  for (const [url, code] of refused) {
    it(`refuses ${url.slice(0, 60) || 'the empty text'} with ${code}`, async () => {
      expect(await codeOf(guarded.fetch(url))).to.equal(code)
      expect(await codeOf(guarded.stream(url))).to.equal(code)
      expect(await codeOf(guarded.check(url))).to.equal(code)
    })
  }

  it('refuses plain http where TLS is wanted, except to what the operator opened', async () => {
    const tls = { tlsUnlessOpened: true }
    const target = await listen(answer('hello'))
    const opened = inside({ allow: ['127.0.0.0/8', 'hooks.internal'], resolve: async () => [LOOPBACK] })
    for (const url of ['http://93.184.215.14/', 'http://example.com/']) {
      expect(await codeOf(opened.check(url, tls)), url).to.equal('outbound.refused_scheme')
      expect(await codeOf(opened.fetch(url, tls)), url).to.equal('outbound.refused_scheme')
    }
    for (const host of ['127.0.0.1', 'localhost', 'hooks.internal']) {
      const url = `http://${host}:${target.port}/`
      await opened.check(url, tls)
      expect((await opened.fetch(url, tls)).text(), url).to.equal('hello')
    }
    await opened.check('https://93.184.215.14/', tls)
  })

  it('refuses a name like localhost.evil that leads inside, before connecting', async () => {
    const target = await listen(answer('secret'))
    const client = createSafeFetch({ resolve: async () => [{ address: '127.0.0.1', family: 4 }] })

    expect(await codeOf(client.fetch(`http://localhost.evil.example:${target.port}/`))).to.equal(
      'outbound.refused_address',
    )
    expect(await codeOf(client.check(`http://localhost.evil.example:${target.port}/`))).to.equal(
      'outbound.refused_address',
    )
    expect(target.hits()).to.equal(0)
  })

  it('refuses a host when any one of its addresses is inside', async () => {
    const client = createSafeFetch({
      resolve: async () => [
        { address: '93.184.215.14', family: 4 },
        { address: '::ffff:10.0.0.1', family: 6 },
      ],
    })
    expect(await codeOf(client.fetch('http://mixed.example/'))).to.equal('outbound.refused_address')
  })

  it('connects to exactly the address it checked when the name changes its answer', async () => {
    const open = await listen(answer('checked'))
    const secret = await listen(answer('secret'), '127.0.0.2')
    let asked = 0
    const client = createSafeFetch({
      allow: ['127.0.0.1/32'],
      resolve: async () => {
        asked += 1
        return [{ address: asked === 1 ? '127.0.0.1' : '127.0.0.2', family: 4 }]
      },
    })

    expect((await client.fetch(`http://rebind.example:${open.port}/`)).text()).to.equal('checked')
    expect(asked).to.equal(1)
    expect(await codeOf(client.fetch(`http://rebind.example:${secret.port}/`))).to.equal(
      'outbound.refused_address',
    )
    expect(secret.hits()).to.equal(0)
  })

  it('refuses when the name rebinds between the save-time check and the call', async () => {
    const secret = await listen(answer('secret'))
    let address = '93.184.215.14'
    const client = createSafeFetch({ resolve: async () => [{ address, family: 4 }] })
    await client.check(`http://rebind.example:${secret.port}/`)
    address = '127.0.0.1'

    expect(await codeOf(client.fetch(`http://rebind.example:${secret.port}/`))).to.equal(
      'outbound.refused_address',
    )
    expect(secret.hits()).to.equal(0)
  })

  it('does not name the resolved address in the message, only in the details', async () => {
    const client = createSafeFetch({ resolve: async () => [{ address: '10.1.2.3', family: 4 }] })
    const error = await client.fetch('http://probe.example/').catch((e: unknown) => e)
    expect(error).to.be.instanceOf(OutboundError)
    expect(String(error)).to.not.contain('10.1.2.3')
    expect((error as OutboundError).details).to.include({ address: '10.1.2.3', is: 'private' })
  })

  it('calls an internal host the operator opened by name', async () => {
    const target = await listen(answer('internal'))
    const resolve = async () => [{ address: '127.0.0.1', family: 4 }]
    const client = createSafeFetch({ allow: [`ollama.internal:${target.port}`], resolve })
    expect((await client.fetch(`http://ollama.internal:${target.port}/`)).text()).to.equal('internal')
    expect(await codeOf(client.fetch(`http://other.internal:${target.port}/`))).to.equal(
      'outbound.refused_address',
    )
    expect(await codeOf(client.fetch('http://ollama.internal:81/'))).to.equal('outbound.refused_address')
  })

  it('ignores proxy variables', async () => {
    const target = await listen(answer('direct'))
    const proxy = await listen(answer('proxied'))
    process.env.http_proxy = proxy.url
    try {
      expect((await inside().fetch(target.url)).text()).to.equal('direct')
      expect(proxy.hits()).to.equal(0)
    } finally {
      delete process.env.http_proxy
    }
  })
})

describe('safe fetch: redirects', () => {
  const redirectTo =
    (location: string, status = 302): RequestListener =>
    (_req, res) =>
      void res.writeHead(status, { location }).end()

  for (const location of [
    'http://127.0.0.2:1/',
    'http://169.254.169.254/',
    'http://[::1]/',
    'http://0x7f.2/',
    '//127.0.0.3/x',
  ]) {
    it(`refuses a redirect to ${location}`, async () => {
      const target = await listen(redirectTo(location))
      expect(await codeOf(inside().fetch(target.url))).to.match(/outbound\.refused_(address|port)/)
    })
  }

  it('refuses a redirect to another scheme or with userinfo', async () => {
    const file = await listen(redirectTo('file:///etc/passwd'))
    const userinfo = await listen(redirectTo('http://a:b@127.0.0.1/'))
    expect(await codeOf(inside().fetch(file.url))).to.equal('outbound.refused_scheme')
    expect(await codeOf(inside().fetch(userinfo.url))).to.equal('outbound.refused_userinfo')
  })

  it('stops after the allowed number of redirects', async () => {
    const target = await listen((req, res) => void res.writeHead(302, { location: `${req.url}x` }).end())
    expect(await codeOf(inside({ maxRedirects: 4 }).fetch(target.url))).to.equal(
      'outbound.too_many_redirects',
    )
    expect(target.hits()).to.equal(5)
  })

  it('gives a redirect back unfollowed when asked', async () => {
    const target = await listen(redirectTo('http://10.0.0.1/'))
    const res = await inside().fetch(target.url, { redirect: 'manual' })
    expect(res.status).to.equal(302)
    expect(res.ok).to.equal(false)
  })

  interface Seen {
    method: string | undefined
    headers: http.IncomingHttpHeaders
    body: string
  }
  async function recorder(): Promise<{ url: string; seen: Seen[] }> {
    const seen: Seen[] = []
    const { url } = await listen((req, res) => {
      let body = ''
      req.on('data', (piece: Buffer) => {
        body += piece
      })
      req.on('end', () => {
        seen.push({ method: req.method, headers: req.headers, body })
        res.end('ok')
      })
    })
    return { url, seen }
  }

  const post = {
    method: 'POST',
    body: '{"a":1}',
    headers: {
      authorization: 'Bearer t',
      cookie: 'a=b',
      'x-api-key': 'k',
      'content-type': 'application/json',
    },
  }

  it('leaves every header that could identify the caller behind on another origin', async () => {
    const end = await recorder()
    const target = await listen(redirectTo(end.url, 307))
    await inside().fetch(target.url, post)

    expect(end.seen[0]).to.include({ method: 'POST', body: '{"a":1}' })
    expect(end.seen[0]?.headers).to.not.have.any.keys('authorization', 'cookie', 'x-api-key')
    expect(end.seen[0]?.headers).to.include({ 'content-type': 'application/json' })
  })

  it('keeps them on the same origin', async () => {
    const seen: http.IncomingHttpHeaders[] = []
    const target = await listen((req, res) => {
      if (req.url === '/') return void res.writeHead(308, { location: '/next' }).end()
      seen.push(req.headers)
      res.end()
    })
    await inside().fetch(target.url, post)
    expect(seen[0]).to.include({ authorization: 'Bearer t', 'x-api-key': 'k' })
  })

  for (const [status, method, becomes] of [
    [301, 'POST', 'GET'],
    [302, 'POST', 'GET'],
    [303, 'POST', 'GET'],
    [303, 'PUT', 'GET'],
    [302, 'PUT', 'PUT'],
    [307, 'POST', 'POST'],
    [308, 'PUT', 'PUT'],
  ] as const) {
    it(`turns ${method} into ${becomes} on ${status}`, async () => {
      const end = await recorder()
      const target = await listen(redirectTo(end.url, status))
      await inside().fetch(target.url, { ...post, method })
      expect(end.seen[0]?.method).to.equal(becomes)
      expect(end.seen[0]?.body).to.equal(becomes === 'GET' ? '' : '{"a":1}')
    })
  }
})

describe('safe fetch: limits', () => {
  it('answers with status, headers, text and JSON', async () => {
    const target = await listen((_req, res) => void res.writeHead(404, { 'x-a': 'b' }).end('{"é":1}'))
    const res = await inside().fetch(`${target.url}/x?y=1`)
    expect(res).to.include({ status: 404, ok: false, url: `${target.url}/x?y=1` })
    expect(res.headers['x-a']).to.equal('b')
    expect(res.json()).to.deep.equal({ é: 1 })
  })

  it('gives a typed error for JSON that is not', async () => {
    const target = await listen(answer('<html>'))
    const res = await inside().fetch(target.url)
    expect(() => res.json())
      .to.throw(OutboundError)
      .with.property('code', 'outbound.bad_response')
  })

  it('sends the body with its length', async () => {
    const target = await listen(
      (req, res) => void req.pipe(res.setHeader('x-length', req.headers['content-length'] ?? '')),
    )
    const res = await inside().fetch(target.url, { method: 'POST', body: 'grüße' })
    expect(res.text()).to.equal('grüße')
    expect(res.headers['x-length']).to.equal('7')
  })

  it('refuses a body whose declared length is too large without reading it', async () => {
    const target = await listen(
      (_req, res) => void res.writeHead(200, { 'content-length': '1000000' }).write('a'),
    )
    expect(await codeOf(inside({ maxBytes: 1000 }).fetch(target.url))).to.equal('outbound.too_large')
  })

  it('stops a body without declared length at the cap', async () => {
    const target = await listen((_req, res) => endless(res, Buffer.alloc(4096)))
    expect(await codeOf(inside({ maxBytes: 100_000 }).fetch(target.url))).to.equal('outbound.too_large')
  })

  for (const [encoding, pack] of [
    ['gzip', zlib.gzipSync],
    [
      'br',
      (plain: Buffer) =>
        zlib.brotliCompressSync(plain, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 1 } }),
    ],
    ['deflate', zlib.deflateSync],
  ] as const) {
    it(`inflates ${encoding} and stops a bomb at the cap`, async () => {
      const bomb = pack(Buffer.alloc(64 * 1024 * 1024))
      const small = pack(Buffer.from('hello'))
      const target = await listen((req, res) => {
        res.writeHead(200, { 'content-encoding': encoding }).end(req.url === '/bomb' ? bomb : small)
      })
      const before = process.memoryUsage().rss
      expect(await codeOf(inside({ maxBytes: 1024 * 1024 }).fetch(`${target.url}/bomb`))).to.equal(
        'outbound.too_large',
      )
      expect(process.memoryUsage().rss - before).to.be.lessThan(48 * 1024 * 1024)
      expect((await inside().fetch(`${target.url}/small`)).text()).to.equal('hello')
    })
  }

  it('refuses stacked and unknown codings, and damaged archives', async () => {
    const target = await listen((req, res) => {
      const encoding = decodeURIComponent(req.url?.slice(1) ?? '')
      res.writeHead(200, { 'content-encoding': encoding }).end(Buffer.from('not compressed at all'))
    })
    for (const encoding of ['gzip, gzip', 'zstd', 'gzip', 'br']) {
      const code = await codeOf(inside().fetch(`${target.url}/${encodeURIComponent(encoding)}`))
      expect(code, encoding).to.equal('outbound.bad_response')
    }
  })

  it('reads no body of HEAD, 204 and 304 whatever their headers say', async () => {
    const target = await listen((req, res) => {
      const status = req.method === 'HEAD' ? 200 : 204
      res
        .writeHead(status, {
          'content-encoding': 'gzip',
          ...(status === 200 && { 'content-length': '99999999' }),
        })
        .end()
    })
    expect((await inside().fetch(target.url, { method: 'HEAD' })).bytes.length).to.equal(0)
    expect((await inside().fetch(target.url)).status).to.equal(204)
  })

  it('refuses a response head that is too large', async () => {
    const target = await listen((_req, res) => void res.writeHead(200, { 'x-big': 'a'.repeat(20_000) }).end())
    expect(await codeOf(inside().fetch(target.url))).to.equal('outbound.too_large')
  })

  it('gives up on a server that never answers, and on one that drips for ever', async () => {
    const silent = await listen(() => {})
    const drip = await listen((_req, res) => {
      const timer = setInterval(() => res.write('.'), 20)
      res.on('close', () => clearInterval(timer))
    })
    const startedAt = performance.now()
    expect(await codeOf(inside({ timeoutMs: 150 }).fetch(silent.url))).to.equal('outbound.timeout')
    expect(await codeOf(inside({ timeoutMs: 150 }).fetch(drip.url))).to.equal('outbound.timeout')
    expect(performance.now() - startedAt).to.be.lessThan(2000)
  })

  it('holds redirects to one deadline together', async () => {
    const target = await listen((req, res) => {
      setTimeout(() => res.writeHead(302, { location: `${req.url}x` }).end(), 80)
    })
    expect(await codeOf(inside({ timeoutMs: 200, maxRedirects: 50 }).fetch(target.url))).to.equal(
      'outbound.timeout',
    )
  })

  it('bounds the connecting phase, a resolver that hangs included', async () => {
    const client = createSafeFetch({ connectTimeoutMs: 80, resolve: () => new Promise(() => {}) })
    const error = await client.fetch('http://slow.example/').catch((e: unknown) => e)
    expect(error).to.include({ code: 'outbound.timeout' })
    expect((error as OutboundError).details).to.include({ phase: 'connect' })
    expect(await codeOf(client.check('http://slow.example/'))).to.equal('outbound.timeout')
  })

  it('ends when the caller aborts, before, during and in the body', async () => {
    const target = await listen((_req, res) => void res.write('a'))
    const soon = new AbortController()
    setTimeout(() => soon.abort(), 50)
    expect(await codeOf(inside().fetch(target.url, { signal: AbortSignal.abort() }))).to.equal(
      'outbound.aborted',
    )
    expect(await codeOf(inside().fetch(target.url, { signal: soon.signal }))).to.equal('outbound.aborted')
  })

  it('names unresolved, unreachable and broken servers apart', async () => {
    const missing = createSafeFetch({
      resolve: async () => {
        throw Object.assign(new Error('no'), { code: 'ENOTFOUND' })
      },
    })
    const closed = await listen(answer(''))
    servers.pop()?.close()
    const garbage = await open(
      net.createServer((socket) => void socket.end('SSH-2.0-x\r\n')),
      '127.0.0.1',
    )
    const hangsUp = await open(
      net.createServer((socket) => void socket.destroy()),
      '127.0.0.1',
    )
    const truncates = await listen((_req, res) => {
      res.writeHead(200, { 'content-length': '10' }).write('abc', () => res.destroy())
    })
    expect(await codeOf(missing.fetch('http://nowhere.example/'))).to.equal('outbound.unresolved')
    expect(await codeOf(inside().fetch(closed.url))).to.equal('outbound.unreachable')
    expect(await codeOf(inside().fetch(garbage.url))).to.equal('outbound.bad_response')
    expect(await codeOf(inside().fetch(hangsUp.url))).to.equal('outbound.unreachable')
    expect(await codeOf(inside().fetch(truncates.url))).to.equal('outbound.unreachable')
    expect(await codeOf(inside().fetch(garbage.url.replace('http:', 'https:')))).to.equal('outbound.tls')
  })

  it('refuses an answer that switches protocols', async () => {
    const reply = 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'
    const target = await open(
      net.createServer((socket) => void socket.write(reply)),
      '127.0.0.1',
    )
    expect(await codeOf(inside().fetch(target.url))).to.match(/outbound\.(bad_response|unreachable)/)
  })

  for (const [what, init] of [
    ['a method that opens a tunnel', { method: 'CONNECT' }],
    ['a header that frames the message', { headers: { 'Transfer-Encoding': 'chunked' } }],
    ['a host header', { headers: { Host: 'other.example' } }],
    ['a header with a line break', { headers: { 'x-a': 'b\r\nx-c: d' } }],
    ['a header name with a blank', { headers: { 'x a': 'b' } }],
    ['a GET with a body', { body: 'x' }],
    ['headers beyond 16 KiB', { headers: { 'x-a': 'b'.repeat(17_000) } }],
  ] as const) {
    it(`refuses ${what}`, async () => {
      const target = await listen(answer('ok'))
      expect(await codeOf(inside().fetch(target.url, init))).to.equal('outbound.invalid_request')
      expect(target.hits()).to.equal(0)
    })
  }

  it('tells the observer host, status and code, and no path', async () => {
    const calls: ObservedCall[] = []
    const target = await listen(answer('ok'))
    const client = inside({ observe: (call) => calls.push(call) })
    await client.fetch(`${target.url}/secret?token=1`)
    await codeOf(client.fetch('http://10.0.0.1/secret'))
    expect(calls.map(({ status, code }) => [status, code])).to.deep.equal([
      [200, undefined],
      [undefined, 'outbound.refused_address'],
    ])
    expect(JSON.stringify(calls)).to.not.contain('secret')
  })
})

describe('safe fetch: stream', () => {
  it('hands out pieces as they come and outlives the head deadline', async () => {
    const target = await listen((_req, res) => {
      let n = 0
      res.writeHead(200, { 'content-type': 'text/event-stream' })
      const timer = setInterval(() => {
        n += 1
        res.write(`data: ${n}\n\n`)
        if (n === 5) {
          clearInterval(timer)
          res.end()
        }
      }, 60)
    })
    const stream = await inside().stream(target.url, { timeoutMs: 150 })
    let text = ''
    for await (const piece of stream.body) text += piece
    expect(text.match(/data/g)).to.have.length(5)
  })

  it('ends a stream that falls silent', async () => {
    const target = await listen((_req, res) => void res.write('a'))
    const stream = await inside().stream(target.url, { idleTimeoutMs: 80 })
    const read = async () => {
      for await (const _piece of stream.body);
    }
    expect(await codeOf(read())).to.equal('outbound.timeout')
  })

  it('hangs up on cancel and when the reader stops early', async () => {
    const closed: Promise<unknown>[] = []
    const target = await listen((_req: IncomingMessage, res) => {
      closed.push(once(res, 'close'))
      endless(res, Buffer.alloc(1024))
    })
    const first = await inside({ maxBytes: 1e9 }).stream(target.url)
    first.cancel()
    const second = await inside({ maxBytes: 1e9 }).stream(target.url)
    for await (const _piece of second.body) break
    await Promise.all(closed)
    expect(closed).to.have.length(2)
  })

  it('holds a stream to the cap', async () => {
    const target = await listen((_req, res) => endless(res, Buffer.alloc(4096)))
    const stream = await inside().stream(target.url, { maxBytes: 50_000 })
    let total = 0
    const read = async () => {
      for await (const piece of stream.body) total += piece.length
    }
    expect(await codeOf(read())).to.equal('outbound.too_large')
    expect(total).to.be.at.most(50_000)
  })
})

function endless(res: ServerResponse, piece: Buffer): void {
  const write = () => {
    while (!res.destroyed && res.write(piece));
  }
  res.on('drain', write)
  write()
}
