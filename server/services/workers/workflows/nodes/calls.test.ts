import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { ModelServer } from '../../../../../test/model-server.js'
import { useServer } from '../../../../../test/server.js'
import { asAdmin, stores } from '../../../../../test/stores.js'
import { Author, graphOf, node, ok } from '../test-support.js'

interface Seen {
  method: string
  url: string
  headers: IncomingMessage['headers']
  body: string
}

describe('steps that call others', function () {
  this.timeout(60_000)
  const models = new ModelServer()
  let remote: Server
  const seen: Seen[] = []
  let respond: (call: Seen, response: ServerResponse) => void = () => undefined

  const settings: Record<string, string> = {
    OUTBOUND_ALLOW: '127.0.0.1',
    MODEL_API_KEY: 'sk-canary-of-the-model-server',
    MODEL_DEFAULT: 'small-model',
  }
  before(async () => {
    await models.open()
    settings.MODEL_BASE_URL = models.url
    remote = createServer(async (request, response) => {
      let body = ''
      for await (const piece of request) body += String(piece)
      const call = { method: request.method ?? '', url: request.url ?? '', headers: request.headers, body }
      seen.push(call)
      respond(call, response)
    })
    await new Promise<void>((resolve) => remote.listen(0, '127.0.0.1', resolve))
  })
  after(() => {
    models.close()
    remote.closeAllConnections()
    remote.close()
  })
  const server = useServer({ settings })
  let author: Author
  beforeEach(async () => {
    author ??= await Author.build(server)
    seen.length = 0
    models.calls.length = 0
    models.reply = () => 'hello'
    models.finishReason = 'stop'
    respond = (_call, response) => json(response, { ok: true })
  })

  const url = (path: string) => `http://127.0.0.1:${(remote.address() as AddressInfo).port}${path}`
  const json = (response: ServerResponse, body: unknown, status = 200) => {
    response.writeHead(status, { 'content-type': 'application/json', 'set-cookie': 'a=b' })
    response.end(JSON.stringify(body))
  }
  const http = (config: object, more: object = {}) => graphOf([node('call', 'http', config, more)])

  describe('by HTTP', () => {
    it('send what their node says and take the answer for what it is', async () => {
      respond = (_call, response) => json(response, { name: 'Ada' }, 201)
      const run = await author.run(
        http({
          method: 'POST',
          url: url('/people'),
          query: { q: '{{input.q}}' },
          headers: { 'X-Trace': 'run {{run.id}}' },
          body: { ids: '{{input.ids}}', note: 'for {{input.q}}' },
        }),
        { q: 'a b&c', ids: [1, 2] },
      )
      expect(run.output).to.deep.include({ status: 201, body: { name: 'Ada' } })
      expect(run.output.headers).to.not.have.property('set-cookie')
      const [call] = seen
      expect(call).to.include({ method: 'POST', url: '/people?q=a+b%26c' })
      expect(JSON.parse(call?.body ?? '')).to.deep.equal({ ids: [1, 2], note: 'for a b&c' })
      expect(call?.headers).to.include({
        'x-trace': `run ${run.id}`,
        'content-type': 'application/json',
        'idempotency-key': `${run.id}:call`,
      })
    })

    it('fail for other statuses than expected, and may expect others', async () => {
      respond = (_call, response) => json(response, { error: 'no such thing' }, 404)
      const failed = await author.run(http({ url: url('/x') }))
      expect(failed.error).to.deep.equal({
        code: 'http_status',
        message: 'The other server answered 404.',
        step: 'call',
      })
      expect((await author.run(http({ url: url('/x'), expect: [404] }))).output.status).to.equal(404)
    })

    it('try again what may pass, under the same key, as often as they may', async () => {
      respond = (_call, response) => json(response, {}, seen.length < 3 ? 503 : 200)
      const retry = { attempts: 3, delay_ms: 10 }
      const run = await author.run(http({ method: 'PUT', url: url('/x') }, { retry }))
      expect(run.status).to.equal('succeeded')
      expect(new Set(seen.map(({ headers }) => headers['idempotency-key']))).to.have.property('size', 1)
      expect((await author.steps(run.id))[0]).to.include({ attempts: 3 })
      seen.length = 0
      respond = (_call, response) => json(response, {}, 503)
      expect((await author.run(http({ url: url('/x') }, { retry }))).error).to.include({
        code: 'http_status',
      })
      expect(seen).to.have.length(3)
      seen.length = 0
      respond = (_call, response) => json(response, {}, 400)
      await author.run(http({ url: url('/x') }, { retry }))
      expect(seen, 'what will not pass').to.have.length(1)
    })

    it('hold no worker while the other end wants a pause', async () => {
      respond = (_call, response) => {
        response.setHeader('retry-after', '120')
        json(response, {}, seen.length < 2 ? 429 : 200)
      }
      const run = await author.run(http({ url: url('/x') }, { retry: { attempts: 2 } }))
      expect(run.status).to.equal('waiting')
      expect(run.waiting_for[0]).to.include({ kind: 'retry', step: 'call' })
      await server.work({ skipPauses: true })
      expect(await author.read(run.id)).to.include({ status: 'succeeded' })
      expect((await author.steps(run.id))[0]).to.include({ attempts: 2 })
    })

    it('never reach private addresses, whatever an expression makes of the URL', async () => {
      const targets = [
        'http://169.254.169.254/latest',
        'http://[::ffff:10.0.0.1]/',
        'http://0x7f.2/',
        'file:///etc/passwd',
      ]
      for (const target of targets) {
        const run = await author.run(http({ url: '{{input.url}}' }), { url: target })
        expect(run.error.code, target).to.match(/^outbound_(refused|invalid)/)
      }
      respond = (_call, response) => response.writeHead(302, { location: 'http://169.254.169.254/' }).end()
      expect((await author.run(http({ url: url('/x') }))).error.code).to.equal('outbound_refused_address')
    })

    it('refuse what an expression makes of their configuration where it is no longer fit', async () => {
      for (const bad of [null, 7, { href: 'x' }, ['a']]) {
        const run = await author.run(http({ url: '{{input.url}}' }), { url: bad })
        expect(run.error, JSON.stringify(bad)).to.include({ code: 'invalid_config' })
      }
      expect(seen).to.deep.equal([])
    })

    it('fail for answers that are too large or no JSON although they say so', async () => {
      respond = (_call, response) => json(response, 'x'.repeat(300_000))
      expect((await author.run(http({ url: url('/x') }))).error.code).to.equal('outbound_too_large')
      respond = (_call, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{')
      expect((await author.run(http({ url: url('/x') }))).error.code).to.equal('bad_answer')
    })
  })

  describe('with secrets', () => {
    const SECRET = 'canary-5ecret/with "quotes"'
    const put = (name: string, hosts: string[], value = SECRET) =>
      ok(author.api.put(`/workers/v1/workflow-secrets/${name}`, { value, hosts }))

    it('send them to their hosts and keep them out of everything else', async () => {
      await put('CRM', ['127.0.0.1'])
      respond = (call, response) => json(response, { echo: call.headers.authorization, url: call.url })
      const run = await author.run(
        http({
          method: 'POST',
          url: url('/x'),
          headers: { Authorization: 'Bearer {{secrets.CRM}}' },
          query: { key: '{{ secrets.CRM }}' },
          body: { password: 'hunter2-hunter2' },
        }),
      )
      expect(seen[0]?.headers.authorization).to.equal(`Bearer ${SECRET}`)
      expect(new URL(seen[0]?.url ?? '', 'http://x').searchParams.get('key')).to.equal(SECRET)
      expect(run.output.body.echo).to.equal('Bearer [secret]')
      const [step] = await author.steps(run.id)
      expect(step.input.headers).to.deep.equal({ Authorization: 'Bearer {{secrets.CRM}}' })
      expect(step.input.body).to.deep.equal({ password: '[removed]' })
      const listed = await ok(author.api.get('/workers/v1/workflow-secrets'))
      expect(listed.data[0]).to.include({ name: 'CRM' }).and.not.have.property('value')
      await nowhere(SECRET)
      await nowhere('sk-canary-of-the-model-server')
    })

    it('never send them elsewhere, or put them where they do not belong', async () => {
      await put('ELSEWHERE', ['api.example.com'])
      const run = await author.run(http({ url: url('/x'), headers: { 'X-Key': '{{secrets.ELSEWHERE}}' } }))
      expect(run.error).to.include({ code: 'secret_elsewhere' })
      expect(seen).to.deep.equal([])
      const problems = async (config: object) => {
        const graph = http(config)
        const made = await ok(
          author.api.post('/workers/v1/workflow-templates', {
            name: `s-${seen.length}-${Date.now()}`,
            graph,
          }),
        )
        const verdict = await ok(author.api.post(`/workers/v1/workflow-templates/${made.id}/validate`, {}))
        return verdict.problems.map(({ code }: { code: string }) => code)
      }
      expect(await problems({ url: url('/{{secrets.CRM}}') })).to.deep.equal(['secret_here'])
      expect(await problems({ url: url('/'), headers: { 'X-Key': '{{secrets.NONE}}' } })).to.deep.equal([
        'unknown_secret',
      ])
      expect(await problems({ url: url('/'), headers: { Authorization: 'Bearer abc' } })).to.deep.equal([
        'literal_secret',
      ])
    })

    it('take no reference that comes out of data', async () => {
      await put('CRM', ['127.0.0.1'])
      await author.run(http({ url: url('/x'), headers: { 'X-Name': '{{input.name}}' } }), {
        name: '{{secrets.CRM}}',
      })
      expect(seen[0]?.headers['x-name']).to.equal('{{secrets.CRM}}')
    })

    const nowhere = async (secret: string) => {
      const tables = await asAdmin(
        await stores(),
        "select tablename from pg_tables where schemaname = 'public'",
        server.databaseName,
      )
      const forms = [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)]
      for (const { tablename } of tables.rows as { tablename: string }[]) {
        const { rows } = await asAdmin(
          await stores(),
          `select t::text as line from ${tablename} t`,
          server.databaseName,
        )
        const text = rows.map((row: { line: string }) => row.line).join('\n')
        for (const form of forms) expect(text.includes(form), `${form} in ${tablename}`).to.equal(false)
      }
      for (const form of forms) expect(server.logs.join('').includes(form), 'in the log').to.equal(false)
    }
  })

  describe('of models', () => {
    const ask = (config: object, more: object = {}) => graphOf([node('ask', 'model', config, more)])

    it('ask what their node says and count the tokens', async () => {
      const run = await author.run(
        ask({ system: 'Be brief.', prompt: 'Say {{input.word}}', max_tokens: 50 }),
        { word: 'hello' },
      )
      expect(run).to.include({ status: 'succeeded', output: 'hello' })
      const [call] = models.calls
      expect(call).to.deep.include({
        model: 'small-model',
        max_tokens: 50,
        messages: [
          { role: 'system', content: 'Be brief.' },
          { role: 'user', content: 'Say hello' },
        ],
      })
      expect(call?.headers.authorization).to.equal('Bearer sk-canary-of-the-model-server')
      expect(run.usage.tokens).to.equal('Be brief.'.length + 'Say hello'.length + 5)
      expect((await author.steps(run.id))[0]).to.include({ tokens: run.usage.tokens })
    })

    it('hold JSON answers against their schema, and ask again where they may', async () => {
      const schema = { type: 'object', properties: { mood: { enum: ['good', 'bad'] } }, required: ['mood'] }
      const config = { prompt: 'How is it?', output: 'json', schema }
      models.reply = (_call, count) =>
        ['no json', '{"mood":"odd"}', '```json\n{"mood":"good"}\n```'][count - 1] ?? ''
      const run = await author.run(ask(config, { retry: { attempts: 3, delay_ms: 5 } }))
      expect(run.output).to.deep.equal({ mood: 'good' })
      expect(models.calls).to.have.length(3)
      expect(models.calls[0]?.response_format?.json_schema?.schema).to.deep.equal(schema)
      models.reply = () => '{"mood":"odd"}'
      const failed = await author.run(ask(config))
      expect(failed.error).to.include({ code: 'model_output_invalid' })
      expect(failed.usage.tokens, 'tokens of an answer that is of no use').to.be.above(0)
      models.reply = () => '{"mood":'
      models.finishReason = 'length'
      expect((await author.run(ask(config))).error).to.include({ code: 'model_output_cut' })
    })

    it('stop when the run has used its tokens, and never ask for more than are left', async () => {
      models.reply = () => 'x'.repeat(40)
      const run = await author.run(
        graphOf(
          [
            node('again', 'loop', { body: 'ask', max: 20 }),
            node('ask', 'model', { prompt: 'more' }, { next: 'again' }),
          ],
          { limits: { max_tokens: 100 } },
        ),
      )
      expect(run.error).to.include({ code: 'token_limit', step: 'ask' })
      expect(models.calls.map(({ max_tokens }) => max_tokens)).to.deep.equal([100, 56, 12])
    })

    it('tell the failures of their server, and try again what may pass', async () => {
      models.reply = (_call, count) => (count < 2 ? { status: 500 } : 'at last')
      const run = await author.run(ask({ prompt: 'x' }, { retry: { attempts: 2, delay_ms: 5 } }))
      expect(run.output).to.equal('at last')
      models.reply = () => ({ status: 401 })
      expect((await author.run(ask({ prompt: 'x' }))).error).to.deep.include({ code: 'model_status' })
    })
  })

  it('let go of the other server at once when the run is cancelled, and no step follows', async () => {
    const underWay = new Promise<ServerResponse>((resolve) => {
      respond = (_call, response) => resolve(response)
    })
    const { id } = await author.publish(
      graphOf([
        node('slow', 'http', { url: url('/slow') }, { next: 'after', on_error: 'continue' }),
        node('after', 'http', { url: url('/after') }),
      ]),
    )
    const runId = await author.start(id)
    const worked = server.work()
    const call = await underWay
    const leftAlone = new Promise((resolve) => call.once('close', resolve))
    await ok(author.api.post(`/workers/v1/workflow-runs/${runId}/cancel`))
    await Promise.all([leftAlone, worked])
    expect(await author.read(runId)).to.include({ status: 'cancelled', output: null })
    expect((await author.steps(runId)).map(({ step, status }) => [step, status])).to.deep.equal([
      ['slow', 'cancelled'],
    ])
    expect(seen.map((one) => one.url)).to.deep.equal(['/slow'])
    expect((await author.events(runId)).at(-1)).to.include({ type: 'run.cancelled' })
  })
})
