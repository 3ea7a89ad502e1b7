import { expect } from 'chai'
import { buildKey, buildMember } from '../../../../test/build.js'
import { useServer } from '../../../../test/server.js'
import { asAdmin, stores } from '../../../../test/stores.js'
import { Author, graphOf, node, ok } from './test-support.js'

const TEMPLATES = '/workers/v1/workflow-templates'

describe('workflow templates', function () {
  this.timeout(60_000)
  const server = useServer()
  let author: Author

  before(async () => {
    author = await Author.build(server)
  })

  const saying = (word: string) => graphOf([node('say', 'transform', { expression: `"${word}"` })])
  const make = (name: string, graph: object = saying('one')) =>
    ok(author.api.post(TEMPLATES, { name, graph }))
  const publish = (id: string, body: object = {}) => author.api.post(`${TEMPLATES}/${id}/publish`, body)

  it('hold a draft that may be anything, and is checked when it is published', async () => {
    const made = await make('drafty', { nodes: 'none yet' })
    expect(made).to.deep.include({ name: 'drafty', graph: { nodes: 'none yet' }, published_version: null })
    const verdict = await ok(author.api.post(`${TEMPLATES}/${made.id}/validate`, {}))
    expect(verdict).to.deep.include({ valid: false, step_bound: null })
    const refused = await publish(made.id)
    expect([refused.status, refused.body.code]).to.deep.equal([422, 'workflows.not_sound'])
    expect(refused.body.errors).to.deep.equal(verdict.problems)
    const other = await ok(author.api.post(`${TEMPLATES}/${made.id}/validate`, { graph: saying('x') }))
    expect(other).to.deep.equal({ valid: true, problems: [], step_bound: 1, depth: 1 })
    const started = await author.api.post('/workers/v1/workflow-runs', { template: 'drafty' })
    expect(started.body.code).to.equal('workflows.not_published')
  })

  it('have versions that never change, are listed, compared and published again', async () => {
    const { id } = await make('versioned')
    await ok(publish(id, { note: 'the first' }))
    await ok(author.api.patch(`${TEMPLATES}/${id}`, { graph: saying('two') }))
    const second = await publish(id)
    expect(second.headers.get('location')).to.equal(`${TEMPLATES}/${id}/versions/2`)
    const back = await ok(publish(id, { from_version: 1, note: 'as it was' }))
    expect(back).to.deep.include({ version: 3, restored_from: 1, note: 'as it was' })
    const { data } = await ok(author.api.get(`${TEMPLATES}/${id}/versions?limit=2`))
    expect(data.map(({ version }: { version: number }) => version)).to.deep.equal([3, 2])
    const diff = await ok(author.api.get(`${TEMPLATES}/${id}/versions/2/diff`))
    expect(diff).to.deep.equal({
      from_version: 1,
      to_version: 2,
      differences: [
        { kind: 'changed', path: '/nodes/say/config/expression', before: '"one"', after: '"two"' },
      ],
    })
    expect(
      (await ok(author.api.get(`${TEMPLATES}/${id}/versions/3/diff?against=1`))).differences,
    ).to.deep.equal([])
    expect((await ok(author.api.get(`${TEMPLATES}/${id}`))).published_version).to.equal(3)
    expect((await author.api.get(`${TEMPLATES}/${id}/versions/4`)).body.code).to.equal(
      'workflows.version_not_found',
    )
    expect((await publish(id, { from_version: 9 })).status).to.equal(404)
  })

  it('cannot be changed once published, not even by whoever serves requests', async () => {
    const { id } = await make('frozen')
    await ok(publish(id))
    const grants = await asAdmin(
      await stores(),
      "select privilege_type from information_schema.role_table_grants where table_name = 'workflow_versions' and grantee = 'vetrai_app'",
      server.databaseName,
    )
    expect(
      grants.rows.map(({ privilege_type }: { privilege_type: string }) => privilege_type).sort(),
    ).to.deep.equal(['DELETE', 'INSERT', 'SELECT'])
  })

  it('have names of their own, by which runs are started', async () => {
    const { id } = await make('named')
    expect((await author.api.post(TEMPLATES, { name: 'named', graph: {} })).body.code).to.equal(
      'workflows.name_taken',
    )
    await make('other-name')
    const taken = await author.api.patch(`${TEMPLATES}/${id}`, { name: 'other-name' })
    expect([taken.status, taken.body.code]).to.deep.equal([409, 'workflows.name_taken'])
    const found = await ok(author.api.get(`${TEMPLATES}?name=named`))
    expect(found.data.map((one: { id: string }) => one.id)).to.deep.equal([id])
  })

  it('are changed only by who has seen them as they are', async () => {
    const { id } = await make('tagged')
    const { headers } = await author.api.get(`${TEMPLATES}/${id}`)
    const tag = { 'if-match': headers.get('etag') ?? '' }
    const first = await author.api.patch(`${TEMPLATES}/${id}`, { description: 'mine' }, { headers: tag })
    const second = await author.api.patch(
      `${TEMPLATES}/${id}`,
      { description: 'also mine' },
      { headers: tag },
    )
    expect([first.status, second.status]).to.deep.equal([200, 412])
  })

  it('are deleted with their versions, not while they run, and their runs stay', async () => {
    const { id } = await make('doomed', graphOf([node('w', 'wait', { seconds: 60 })]))
    await ok(publish(id))
    const runId = await author.start(id)
    expect((await author.api.delete(`${TEMPLATES}/${id}`)).body.code).to.equal('workflows.template_in_use')
    await ok(author.api.post(`/workers/v1/workflow-runs/${runId}/cancel`))
    await ok(author.api.delete(`${TEMPLATES}/${id}`))
    expect((await author.api.get(`${TEMPLATES}/${id}`)).status).to.equal(404)
    expect(await author.read(runId)).to.include({ template: 'doomed', status: 'cancelled' })
  })

  it('are drawn as Mermaid text', async () => {
    const { id } = await make(
      'drawn',
      graphOf([node('say', 'transform', { expression: '1' }, { name: 'Say "it"' })]),
    )
    const { mermaid } = await ok(author.api.get(`${TEMPLATES}/${id}/graph`))
    expect(mermaid).to.equal(
      'flowchart TD\n  say["Say #quot;it#quot;<br/>(transform)"]\n  __end([end])\n  say --> __end',
    )
  })

  it('tell editors what a graph may be', async () => {
    const schema = await ok(author.api.get(`${TEMPLATES}/schema`))
    const { nodes } = (schema.properties ?? schema.$defs.WorkflowGraph.properties) as {
      nodes: { items: { oneOf: unknown[] } }
    }
    expect(nodes.items.oneOf).to.have.length(11)
  })

  it('and runs are hidden from other tenants, and made only by those who may', async () => {
    const { id } = await author.publish(saying('x'))
    const runId = await author.start(id)
    const stranger = await buildMember(server)
    for (const path of [
      `${TEMPLATES}/${id}`,
      `${TEMPLATES}/${id}/versions/1`,
      `/workers/v1/workflow-runs/${runId}/steps`,
    ]) {
      expect((await stranger.api.get(path)).status, path).to.equal(404)
    }
    expect((await stranger.api.post('/workers/v1/workflow-runs', { template: id })).status).to.equal(404)
    const member = await buildMember(server, { tenant: author.user.tenant, role: 'user' })
    expect((await member.api.post(TEMPLATES, { name: 'mine', graph: {} })).status).to.equal(403)
    const runner = server.as((await buildKey(author.user, ['workflows:run'])).key)
    expect((await runner.post('/workers/v1/workflow-runs', { template: id })).status).to.equal(201)
    expect((await runner.post(TEMPLATES, { name: 'mine', graph: {} })).status).to.equal(403)
  })

  it('start one run for one Idempotency-Key', async () => {
    const { id } = await author.publish(saying('x'))
    const once = author.api.with({ 'idempotency-key': 'start-once' })
    const [first, second] = [
      await once.post('/workers/v1/workflow-runs', { template: id }),
      await once.post('/workers/v1/workflow-runs', { template: id }),
    ]
    expect(second.body.id).to.equal(first.body.id)
    const { data } = await ok(author.api.get(`/workers/v1/workflow-runs?template_id=${id}`))
    expect(data).to.have.length(1)
  })
})

describe('replaying a run', function () {
  this.timeout(60_000)
  const server = useServer()
  let author: Author

  before(async () => {
    author = await Author.build(server)
  })

  const replay = (runId: string, body: object) =>
    author.api.post(`/workers/v1/workflow-runs/${runId}/replay`, body)
  const adding = graphOf([
    node('one', 'transform', { expression: 'input.n + 1' }, { next: 'two' }),
    node('two', 'transform', { expression: 'steps.one.output * 10' }, { next: 'three' }),
    node('three', 'transform', { expression: 'steps.two.output & "!"' }),
  ])

  it('begins where it was, with other outputs or another input where that is wanted', async () => {
    const run = await author.run(adding, { n: 1 })
    const { data } = await ok(author.api.get(`/workers/v1/workflow-runs/${run.id}/checkpoints`))
    const afterOne = data.find(({ after }: { after: string[] }) => after.includes('one'))
    expect(afterOne).to.deep.include({ next: ['two'] })
    const state = await ok(author.api.get(`/workers/v1/workflow-runs/${run.id}/checkpoints/${afterOne.id}`))
    expect(state.steps).to.deep.equal({ one: { status: 'succeeded', output: 2 } })
    const again = await ok(replay(run.id, { checkpoint_id: afterOne.id, steps: { one: 7 } }))
    expect(again).to.include({ replay_of: run.id, status: 'queued' })
    await server.work()
    expect(await author.read(again.id)).to.include({ status: 'succeeded', output: '70!' })
    expect((await author.steps(again.id)).map(({ step }) => step)).to.deep.equal(['two', 'three'])
    expect(await author.read(run.id)).to.include({ output: '20!' })
    const anew = await ok(replay(run.id, { checkpoint_id: data.at(-1).id, input: { n: 5 } }))
    await server.work()
    expect(await author.read(anew.id)).to.include({ output: '60!' })
  })

  it('goes on from where one failed, with a version that is put right', async () => {
    const broken = graphOf([
      node('costly', 'transform', { expression: '"done once"' }, { next: 'fails' }),
      node('fails', 'transform', { expression: '$error("oh")' }),
    ])
    const { id } = await author.publish(broken)
    const runId = await author.start(id)
    await server.work()
    expect(await author.read(runId)).to.include({ status: 'failed' })
    const right = graphOf([
      broken.nodes[0] as never,
      node('fails', 'transform', { expression: 'steps.costly.output & ", and well"' }),
    ])
    await ok(author.api.patch(`/workers/v1/workflow-templates/${id}`, { graph: right }))
    await ok(author.api.post(`/workers/v1/workflow-templates/${id}/publish`, {}))
    const again = await ok(replay(runId, { version: 2 }))
    await server.work()
    expect(await author.read(again.id)).to.include({ output: 'done once, and well', version: 2 })
    expect((await author.steps(again.id)).map(({ step }) => step)).to.deep.equal(['fails'])
  })

  it('refuses what does not fit the checkpoint', async () => {
    const run = await author.run(adding, { n: 1 })
    expect((await replay(run.id, { checkpoint_id: run.id })).body.code).to.equal(
      'workflows.checkpoint_not_found',
    )
    const { data } = await ok(author.api.get(`/workers/v1/workflow-runs/${run.id}/checkpoints`))
    const first = data.find(({ after }: { after: string[] }) => after.includes('one'))
    const changed = await replay(run.id, { checkpoint_id: first.id, steps: { three: 1 } })
    expect(changed.body.code).to.equal('workflows.change_refused')
    const { template_id: id } = run
    await ok(
      author.api.patch(`/workers/v1/workflow-templates/${id}`, {
        graph: graphOf([node('else', 'transform', { expression: '1' })]),
      }),
    )
    await ok(author.api.post(`/workers/v1/workflow-templates/${id}/publish`, {}))
    expect((await replay(run.id, { checkpoint_id: first.id, version: 2 })).body.code).to.equal(
      'workflows.version_unfit',
    )
  })
})
