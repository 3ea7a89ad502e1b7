import { expect } from 'chai'
import { z } from 'zod'
import { buildKey, buildMember } from '../../../../../test/build.js'
import { useServer } from '../../../../../test/server.js'
import { defineJob } from '../../../../kernel/define-job.js'
import { defineService } from '../../../../kernel/define-service.js'
import { GiveUp } from '../../../../kernel/job-handle.js'
import { services } from '../../../../services.js'
import { provideNotifier } from '../notifier.js'
import { Author, graphOf, node, ok } from '../test-support.js'

/** A kind of job that tenants may enqueue, for tests of workflows that do. */
const add = defineJob({
  name: 'tests.add-numbers',
  payload: z.strictObject({ a: z.number(), b: z.number() }),
  attempts: 1,
  timeoutMs: 5_000,
  safeToRepeat: 'it only computes',
  exposed: { permission: 'workers.jobs.create', summary: 'Add two numbers.' },
  run: async (_ctx, { a, b }) => {
    if (b === 0) throw new GiveUp('nothing to add')
    return { sum: a + b }
  },
})
const hidden = defineJob({ ...add, name: 'tests.hidden', exposed: undefined as never })
const tests = defineService({
  name: 'tests',
  summary: 'Jobs for tests.',
  prefix: '/tests',
  needs: [],
  routes: [],
  jobs: [add, hidden],
})

describe('a workflow run that waits', function () {
  this.timeout(60_000)
  const server = useServer({ services: [...services, tests] })
  let author: Author

  before(async () => {
    author = await Author.build(server)
  })

  const jobs = (status: string) =>
    server.resources.db.readSystem<{ kind: string }>({
      text: 'select kind from worker_jobs where status = $1 and tenant_id = $2',
      values: [status, author.user.tenant.id],
    })

  describe('for a time', () => {
    it('holds no worker, and goes on when the time has come', async () => {
      const run = await author.run(
        graphOf([
          node('before', 'transform', { expression: '1' }, { next: 'w' }),
          node('w', 'wait', { seconds: 86_400 }, { next: 'after' }),
          node('after', 'transform', { expression: 'steps.before.output + 1' }),
        ]),
      )
      expect(run.status).to.equal('waiting')
      expect(run.waiting_for).to.have.length(1)
      expect(run.waiting_for[0]).to.include({ step: 'w', kind: 'timer' })
      expect(await jobs('running')).to.deep.equal([])
      await server.work({ skipPauses: true })
      expect(await author.read(run.id)).to.deep.include({ status: 'succeeded', output: 2, waiting_for: [] })
      const steps = await author.steps(run.id)
      expect(steps.map(({ step, attempts }) => [step, attempts])).to.deep.equal([
        ['before', 1],
        ['w', 1],
        ['after', 1],
      ])
    })

    it('goes on at once where the time is over, and refuses one that never comes', async () => {
      const until = (expression: string) => graphOf([node('w', 'wait', { until: `{{${expression}}}` })])
      const past = await author.run(until('"2020-01-01T00:00:00Z"'))
      expect(past).to.include({ status: 'succeeded' })
      const bad = await author.run(until('"tomorrow"'))
      expect(bad.error).to.include({ code: 'invalid_config' })
      const never = await author.run(until('"2999-01-01T00:00:00Z"'))
      expect(never.error).to.include({ code: 'wait_too_long' })
    })

    it('waits anew in each repetition of a loop', async () => {
      const run = await author.run(
        graphOf([
          node('again', 'loop', { body: 'w', max: 3 }),
          node('w', 'wait', { seconds: 60 }, { next: 'again' }),
        ]),
      )
      await server.work({ skipPauses: true })
      expect(await author.read(run.id)).to.include({ status: 'succeeded' })
      const waits = (await author.steps(run.id)).filter(({ step }) => step === 'w')
      expect(waits.map(({ iteration }) => iteration)).to.deep.equal(['0', '1', '2'])
    })
  })

  describe('for a person', () => {
    const asking = (config: object = {}, more: object = {}) =>
      graphOf([
        node(
          'ask',
          'approval',
          { title: 'Spend {{input.amount}}?', message: 'For {{input.what}}', ...config },
          { next: 'then', ...more },
        ),
        node('then', 'transform', { expression: 'steps.ask.output' }),
      ])
    const answer = (runId: string, body: object, api = author.api) =>
      api.post(`/workers/v1/workflow-runs/${runId}/resume`, body)

    it('asks what its node says and goes on with the answer, and who gave it', async () => {
      const run = await author.run(asking(), { amount: 7, what: 'tea' })
      expect(run.status).to.equal('waiting')
      expect(run.waiting_for[0]).to.deep.include({ kind: 'approval', title: 'Spend 7?', message: 'For tea' })
      const answered = await ok(answer(run.id, { answer: { approved: true, comment: 'go' } }))
      expect(answered).to.deep.include({ status: 'queued', waiting_for: [] })
      await server.work()
      expect((await author.read(run.id)).output).to.deep.equal({
        approved: true,
        comment: 'go',
        answered_by: `user:${author.user.id}`,
      })
      const log = await ok(author.api.get('/tenancy/v1/audit-logs?action=workflow-run.answered'))
      expect(log.data[0]).to.deep.include({ target: run.id, outcome: 'success' })
    })

    it('takes one answer, and only one that fits', async () => {
      const run = await author.run(
        asking({ schema: { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] } }),
        {},
      )
      const bad = await answer(run.id, { answer: { n: 'many' } })
      expect([bad.status, bad.body.code, bad.body.errors[0].pointer]).to.deep.equal([
        422,
        'workflows.answer_refused',
        '/answer/n',
      ])
      const both = await Promise.all([
        answer(run.id, { answer: { n: 1 } }),
        answer(run.id, { answer: { n: 2 } }),
      ])
      expect(both.map(({ status }) => status).sort()).to.deep.equal([200, 409])
      await server.work()
      expect((await answer(run.id, { answer: { n: 3 } })).body.code).to.equal('workflows.nothing_to_answer')
    })

    it('is hidden from other tenants and refused to those who may not', async () => {
      const run = await author.run(asking(), {})
      const stranger = await buildMember(server)
      const member = await buildMember(server, { tenant: author.user.tenant, role: 'user' })
      const reader = await buildKey(author.user, ['workflows:read'])
      const body = { answer: { approved: true } }
      expect((await answer(run.id, body, stranger.api)).body.code).to.equal('workflows.run_not_found')
      expect((await answer(run.id, body, member.api)).status).to.equal(403)
      expect((await answer(run.id, body, server.as(reader.key))).status).to.equal(403)
      expect((await author.read(run.id)).status).to.equal('waiting')
      const runner = await buildKey(author.user, ['workflows:run'])
      expect((await answer(run.id, body, server.as(runner.key))).status).to.equal(200)
    })

    it('lets only those answer whom it names', async () => {
      const other = await buildMember(server, { tenant: author.user.tenant, role: 'org_admin' })
      const run = await author.run(asking({ approvers: [other.id] }), {})
      const body = { answer: { approved: false } }
      const refused = await answer(run.id, body)
      expect([refused.status, refused.body.code]).to.deep.equal([403, 'workflows.not_approver'])
      expect((await answer(run.id, body, other.api)).status).to.equal(200)
    })

    it('asks several at once, and then wants to know which is answered', async () => {
      const run = await author.run(
        graphOf([
          node('both', 'parallel', { branches: { a: 'ask_a', b: 'ask_b' } }),
          node('ask_a', 'approval', { title: 'A?' }, { next: 'after_a' }),
          node(
            'after_a',
            'transform',
            { expression: '"a " & $string(steps.ask_a.output.approved)' },
            { next: 'both' },
          ),
          node('ask_b', 'approval', { title: 'B?' }, { next: 'both' }),
        ]),
      )
      expect(run.waiting_for).to.have.length(2)
      expect((await answer(run.id, { answer: { approved: true } })).body.code).to.equal(
        'workflows.answer_ambiguous',
      )
      const idOf = (step: string) => run.waiting_for.find((wait: { step: string }) => wait.step === step).id
      await ok(answer(run.id, { wait_id: idOf('ask_a'), answer: { approved: true } }))
      await server.work()
      const half = await author.read(run.id)
      expect(half).to.include({ status: 'waiting' })
      expect((await author.steps(run.id)).find(({ step }) => step === 'after_a')).to.include({
        output: 'a true',
      })
      await ok(answer(run.id, { wait_id: idOf('ask_b'), answer: { approved: false } }))
      await server.work()
      expect((await author.read(run.id)).output).to.deep.include({ a: 'a true' })
    })

    it('fails when nobody answers in time, as its node has it', async () => {
      const run = await author.run(asking({ timeout_s: 60 }, { on_error: 'continue' }), {})
      expect(run.waiting_for[0].until).to.be.a('string')
      await server.work({ skipPauses: true })
      expect((await author.steps(run.id))[0]).to.deep.include({
        status: 'failed',
        error: { code: 'approval_timed_out', message: 'Nobody answered in time.' },
      })
      expect(await author.read(run.id)).to.include({ status: 'succeeded' })
    })

    it('leaves no timer behind when it is answered', async () => {
      const run = await author.run(asking({ timeout_s: 60 }), {})
      await ok(answer(run.id, { answer: { approved: true } }))
      await server.work({ skipPauses: true })
      expect(await author.read(run.id)).to.include({ status: 'succeeded' })
      expect(await jobs('scheduled')).to.deep.equal([])
    })
  })

  describe('for a job', () => {
    const adding = (b: number) =>
      graphOf([
        node('sum', 'job', { kind: add.name, payload: { a: '{{input.a}}', b } }, { next: 'then' }),
        node('then', 'transform', { expression: 'steps.sum.output.sum' }),
      ])

    it('goes on with its result', async () => {
      const run = await author.run(adding(3), { a: 4 })
      expect(run).to.include({ status: 'succeeded', output: 7 })
    })

    it('fails with it', async () => {
      const run = await author.run(adding(0), { a: 4 })
      expect(run.error).to.deep.equal({
        code: 'job_failed',
        message: 'The job failed: nothing to add',
        step: 'sum',
      })
    })

    it('refuses a payload that does not fit, and kinds that are not exposed', async () => {
      expect((await author.run(adding(1), { a: 'four' })).error).to.include({ code: 'invalid_config' })
      const made = await ok(
        author.api.post('/workers/v1/workflow-templates', {
          name: 'uses-hidden',
          graph: graphOf([node('x', 'job', { kind: hidden.name })]),
        }),
      )
      const published = await author.api.post(`/workers/v1/workflow-templates/${made.id}/publish`, {})
      expect(published.body.errors[0]).to.include({ code: 'unknown_job', pointer: '/nodes/0/config/kind' })
    })

    it('is published only by somebody who may enqueue it', async () => {
      const writer = server.as((await buildKey(author.user, ['workflows:write', 'workflows:read'])).key)
      const made = await ok(
        writer.post('/workers/v1/workflow-templates', { name: 'by-key', graph: adding(1) }),
      )
      const refused = await writer.post(`/workers/v1/workflow-templates/${made.id}/publish`, {})
      expect([refused.status, refused.body.code]).to.deep.equal([403, 'request.forbidden'])
    })

    it('is told when somebody cancels the job', async () => {
      const { id } = await author.publish(adding(3))
      const runId = await author.start(id, { a: 1 })
      await ok(server.operator.post('/workers/v1/queues/tests/pause', {}))
      await server.work()
      const [wait] = (await author.read(runId)).waiting_for
      await ok(author.api.post(`/workers/v1/jobs/${wait.job_id}/cancel`))
      await ok(server.operator.post('/workers/v1/queues/tests/resume'))
      const { sweepRuns } = await import('./sweep-runs.js')
      await server.run(sweepRuns, {})
      await server.work()
      expect((await author.read(runId)).error).to.include({ code: 'job_lost', step: 'sum' })
    })
  })

  describe('for another workflow', () => {
    const inner = graphOf([node('double', 'transform', { expression: 'input.n * 2' })], {
      input: {
        type: 'object',
        properties: { n: { type: 'number' } },
        required: ['n'],
        additionalProperties: false,
      },
    })
    const calling = (name: string, input: object, version = 1) =>
      graphOf([node('call', 'workflow', { template: name, version, input })])

    it('goes on with its output', async () => {
      const { name } = await author.publish(inner)
      const run = await author.run(calling(name, { n: '{{input.x + 1}}' }), { x: 20 })
      expect(run).to.include({ status: 'succeeded', output: 42 })
      const { data } = await ok(author.api.get(`/workers/v1/workflow-runs?parent_run_id=${run.id}`))
      expect(data).to.have.length(1)
      expect(data[0]).to.include({ template: name, status: 'succeeded', parent_run_id: run.id })
    })

    it('fails with it, and with an input that does not fit', async () => {
      const { name } = await author.publish(
        graphOf([node('bad', 'transform', { expression: '$error("inside")' })]),
      )
      const failed = await author.run(calling(name, {}))
      expect(failed.error).to.include({ code: 'workflow_failed', step: 'call' })
      expect(failed.error.message).to.match(/inside/)
      const strict = await author.publish(inner)
      const refused = await author.run(calling(strict.name, { n: '{{"x"}}' }))
      expect(refused.error).to.include({ code: 'invalid_input' })
    })

    it('ends it when it is cancelled itself', async () => {
      const { name } = await author.publish(graphOf([node('ask', 'approval', { title: 'Go on?' })]))
      const run = await author.run(calling(name, {}))
      const childId = run.waiting_for[0].run_id
      expect((await author.read(childId)).status).to.equal('waiting')
      await ok(author.api.post(`/workers/v1/workflow-runs/${run.id}/cancel`))
      expect(await author.read(childId)).to.include({ status: 'cancelled' })
    })

    it('knows before it is published what is missing, unknown or too deep', async () => {
      const { name } = await author.publish(inner)
      const problems = async (graph: object) => {
        const made = await ok(
          author.api.post('/workers/v1/workflow-templates', {
            name: `t-${Math.random()}`.replace('.', ''),
            graph,
          }),
        )
        const verdict = await ok(author.api.post(`/workers/v1/workflow-templates/${made.id}/validate`, {}))
        return verdict.problems.map(({ pointer, code }: { pointer: string; code: string }) => [pointer, code])
      }
      expect(await problems(calling(name, {}, 9))).to.deep.equal([
        ['/nodes/0/config/version', 'unknown_version'],
      ])
      expect(await problems(calling(name, { m: 1 }))).to.deep.equal([
        ['/nodes/0/config/input', 'missing_input'],
        ['/nodes/0/config/input/m', 'unknown_input'],
      ])
      let deepest = (await author.publish(graphOf([node('x', 'transform', { expression: '1' })]))).name
      for (let depth = 2; depth <= 5; depth += 1) deepest = (await author.publish(calling(deepest, {}))).name
      expect(await problems(calling(deepest, {}))).to.deep.equal([['', 'too_deep']])
      expect((await author.run(graphOf([node('y', 'transform', { expression: '1' })]))).status).to.equal(
        'succeeded',
      )
    })
  })

  describe('cancelled', () => {
    it('is over at once, keeps no timer and takes no answer', async () => {
      const run = await author.run(graphOf([node('w', 'wait', { seconds: 600 })]))
      const cancelled = await ok(author.api.post(`/workers/v1/workflow-runs/${run.id}/cancel`))
      expect(cancelled).to.include({ status: 'cancelled' })
      expect(await jobs('scheduled')).to.deep.equal([])
      await server.work({ skipPauses: true })
      const after = await author.read(run.id)
      expect(after).to.deep.include({ status: 'cancelled', waiting_for: [] })
      expect((await author.steps(run.id))[0]).to.include({ status: 'cancelled' })
      const again = await ok(author.api.post(`/workers/v1/workflow-runs/${run.id}/cancel`))
      expect(again.finished_at).to.equal(after.finished_at)
      expect((await author.events(run.id)).at(-1)).to.include({ type: 'run.cancelled' })
    })

    it('before it began, never does', async () => {
      const { id } = await author.publish(graphOf([node('x', 'transform', { expression: '1' })]))
      const runId = await author.start(id)
      await ok(author.api.post(`/workers/v1/workflow-runs/${runId}/cancel`))
      await server.work()
      expect(await author.steps(runId)).to.deep.equal([])
    })
  })

  describe('and notifications', () => {
    const notifying = (to: unknown) =>
      graphOf([
        node('tell', 'notification', {
          notification: {
            to,
            category: 'product',
            content: { title: 'Hello', body: 'It is {{input.what}}.' },
          },
        }),
      ])

    it('accepts them for sending under a key by which a repeat is told', async () => {
      const run = await author.run(notifying({ user_id: author.user.id }), { what: 'done' })
      expect(run.output).to.include({ transaction_id: `workflow:${run.id}:tell`, is_duplicate: false })
      const inbox = await author.user.api.get('/notifications/v1/inbox')
      expect(inbox.body.data[0]).to.include({ title: 'Hello', body: 'It is done.' })
    })

    it('says what was refused', async () => {
      const run = await author.run(notifying({ everybody: true }), { what: 'done' })
      expect(run.error).to.include({ code: 'notification_refused', step: 'tell' })
      expect(run.error.message).to.match(/^The notification was refused: \/to /)
    })

    it('says clearly that nothing sends them', async () => {
      provideNotifier(server.resources, null)
      const run = await author.run(notifying({ role: 'org_admin' }), { what: 'done' })
      expect(run.error).to.include({ code: 'notifications_absent', step: 'tell' })
    })
  })
})
