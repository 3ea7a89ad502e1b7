import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { ModelServer } from '../../../../test/model-server.js'
import { useServer } from '../../../../test/server.js'
import { readCatalogue } from './catalogue.js'
import { Author, ok } from './test-support.js'

describe('the workflows that come with VetrAI', function () {
  this.timeout(60_000)
  const models = new ModelServer()
  let remote: Server
  const posted: unknown[] = []
  const settings: Record<string, string> = { OUTBOUND_ALLOW: '127.0.0.1', MODEL_DEFAULT: 'small' }

  before(async () => {
    await models.open()
    settings.MODEL_BASE_URL = models.url
    remote = createServer(async (request, response) => {
      let text = ''
      for await (const piece of request) text += String(piece)
      if (text !== '') posted.push(JSON.parse(text))
      response.setHeader('content-type', 'application/json')
      response.end(
        JSON.stringify(
          request.url?.startsWith('/events') ? [{ type: 'signup' }, { type: 'sale' }] : { size: 80 },
        ),
      )
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
    models.calls.length = 0
    models.reply = () => 'said'
  })

  const url = (path: string) => `http://127.0.0.1:${(remote.address() as AddressInfo).port}${path}`
  const begin = async (name: string) => {
    const { id } = await ok(author.api.post('/workers/v1/workflow-templates', { name, from: name }))
    await ok(author.api.post(`/workers/v1/workflow-templates/${id}/publish`, {}))
  }
  const run = async (name: string, input: object) => {
    const id = await author.start(name, input)
    await server.work()
    return author.read(id)
  }
  const answer = async (runId: string, body: object) => {
    await ok(author.api.post(`/workers/v1/workflow-runs/${runId}/resume`, { answer: body }))
    await server.work()
    return author.read(runId)
  }

  it('are these, each with what it needs, and no other', async () => {
    const names = (await readCatalogue()).map(({ name, needs }) => `${name} ${needs.length > 0}`)
    expect(names).to.deep.equal([
      'enrich-lead true',
      'first-steps false',
      'moderate-content true',
      'nightly-digest true',
      'summarise-document true',
      'support-triage true',
    ])
  })

  it('first-steps counts, waits, asks and sums up', async () => {
    await begin('first-steps')
    const quick = await run('first-steps', { texts: ['one two', 'three'], ask: false })
    expect(quick.waiting_for[0]).to.include({ kind: 'timer', step: 'breathe' })
    await server.work({ skipPauses: true })
    expect((await author.read(quick.id)).output).to.deep.equal({ texts: 2, words: 3, longest: 'one two' })

    const asking = await run('first-steps', {})
    await server.resources.db.readSystem({
      text: "update worker_jobs set run_at = now() where status = 'scheduled'",
    })
    await server.work()
    expect((await author.read(asking.id)).waiting_for[0]).to.include({ title: 'Sum up 3 texts?' })
    const refused = await answer(asking.id, { approved: false })
    expect(refused.output).to.deep.equal({ texts: 3, refused_by: `user:${author.user.id}` })
  })

  it('summarise-document reads parts beside each other and tries again until a person approves', async () => {
    await begin('summarise-document')
    models.reply = (_call, count) => `summary ${count}`
    const first = await run('summarise-document', { text: 'word '.repeat(2_000) })
    expect(models.calls).to.have.length(3)
    expect(first.waiting_for[0].message).to.equal('summary 3')
    const second = await answer(first.id, { approved: false, comment: 'shorter' })
    expect(second.waiting_for[0].message).to.equal('summary 4')
    expect(models.calls.at(-1)?.messages.at(-1)?.content).to.match(/shorter/)
    const done = await answer(first.id, { approved: true })
    expect(done.output).to.deep.equal({
      summary: 'summary 4',
      approved: true,
      reviewed_by: `user:${author.user.id}`,
    })
  })

  it('support-triage drafts what is ordinary and asks people about what is urgent', async () => {
    await begin('support-triage')
    const sorted = (urgency: string) => JSON.stringify({ topic: 'bug', urgency, summary: 'It breaks.' })
    models.reply = (call) => (call.response_format ? sorted('normal') : 'Dear Ada')
    const input = { subject: 'Help', message: 'It breaks', customer: 'Ada' }
    const ordinary = await run('support-triage', input)
    expect(ordinary.output).to.deep.include({ topic: 'bug', draft: 'Dear Ada', decision: null })
    models.reply = () => sorted('urgent')
    const urgent = await run('support-triage', input)
    expect(urgent.waiting_for[0]).to.include({ title: 'bug: Help', message: 'It breaks.' })
    expect((await answer(urgent.id, { action: 'call_back' })).output.decision).to.include({
      action: 'call_back',
    })
    models.reply = () => ({ status: 401 })
    const unsorted = await run('support-triage', input)
    expect(unsorted.waiting_for[0]).to.include({ title: 'unsorted: Help' })
  })

  it('enrich-lead looks a company up with a secret, scores it and tells the CRM', async () => {
    await ok(
      author.api.put('/workers/v1/workflow-secrets/ENRICHMENT_KEY', {
        value: 'key-of-the-api',
        hosts: ['127.0.0.1'],
      }),
    )
    await begin('enrich-lead')
    models.reply = () => '{"score": 75, "reason": "fits"}'
    const input = { email: 'ada@example.com', enrich_url: url('/company'), crm_url: url('/leads') }
    const good = await run('enrich-lead', input)
    expect(good.output).to.deep.equal({ known: true, score: 75, reason: 'fits', in_crm: true })
    expect(posted.at(-1)).to.deep.equal({
      email: 'ada@example.com',
      company: { size: 80 },
      score: 75,
      reason: 'fits',
    })
    models.reply = () => '{"score": 5, "reason": "too small"}'
    expect((await run('enrich-lead', input)).output).to.deep.include({ score: 5, in_crm: false })
  })

  it('moderate-content decides what is clear and asks about what is not', async () => {
    await begin('moderate-content')
    models.reply = () => '{"score": 0.1}'
    expect((await run('moderate-content', { text: 'a fine day' })).output).to.include({
      decision: 'publish',
      decided_by: 'the checks',
    })
    models.reply = () => '{"score": 0.95}'
    expect((await run('moderate-content', { text: 'bad' })).output).to.include({ decision: 'reject' })
    models.reply = () => '{"score": 0.1}'
    const doubtful = await run('moderate-content', { text: 'write to ada@example.com' })
    expect(doubtful.waiting_for[0]).to.include({ step: 'ask_person' })
    expect((await answer(doubtful.id, { approved: true })).output).to.include({ decision: 'publish' })
  })

  it('nightly-digest reads, writes and notifies', async () => {
    await begin('nightly-digest')
    const done = await run('nightly-digest', { events_url: url('/events') })
    expect(done.output).to.deep.equal({ events: 2, digest: 'said' })
    const { body } = await author.user.api.get('/notifications/v1/inbox')
    expect(body.data).to.have.lengthOf(1)
    expect(body.data[0]).to.include({ title: '2 events since yesterday', body: 'said' })
  })
})
