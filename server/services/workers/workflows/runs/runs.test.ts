import { expect } from 'chai'
import { figure } from '../../../../../test/figures.js'
import { useServer } from '../../../../../test/server.js'
import { Author, graphOf, node, ok } from '../test-support.js'

describe('a workflow run', function () {
  this.timeout(60_000)
  const server = useServer()
  let author: Author

  before(async () => {
    author = await Author.build(server)
  })

  it('goes from its input through its steps to its output', async () => {
    const graph = graphOf(
      [
        node('double', 'transform', { expression: 'input.amount * 2' }, { next: 'size' }),
        node('size', 'branch', {
          cases: [{ when: 'steps.double.output > 100', next: 'large' }],
          default: 'small',
        }),
        node('large', 'transform', { expression: '"large"' }),
        node('small', 'transform', { expression: '"small"' }),
      ],
      {
        output: {
          size: '{{steps.large.output ?? steps.small.output}}',
          text: 'is {{steps.double.output}}',
        },
      },
    )
    const run = await author.run(graph, { amount: 60 })
    expect(run).to.deep.include({
      status: 'succeeded',
      output: { size: 'large', text: 'is 120' },
      error: null,
    })
    expect((await author.steps(run.id)).map(({ step, status }) => [step, status])).to.deep.equal([
      ['double', 'succeeded'],
      ['size', 'succeeded'],
      ['large', 'succeeded'],
    ])
    expect(run.usage).to.include({ steps: 3, tokens: 0 })
  })

  it('puts out what its last step did where it declares nothing else', async () => {
    const run = await author.run(
      graphOf([node('only', 'transform', { expression: '{"a": [1, null, "x"]}' })]),
    )
    expect(run.output).to.deep.equal({ a: [1, null, 'x'] })
  })

  it('is counted with its steps, and while it is under way by its status', async () => {
    const figures = () =>
      Promise.all([
        figure(server, 'vetrai_workflow_run_duration_seconds_count', { outcome: 'succeeded' }),
        figure(server, 'vetrai_workflow_run_duration_seconds_count', { outcome: 'failed' }),
        figure(server, 'vetrai_workflow_run_duration_seconds_count', { outcome: 'cancelled' }),
        figure(server, 'vetrai_workflow_step_duration_seconds_count', {
          type: 'transform',
          outcome: 'succeeded',
        }),
        figure(server, 'vetrai_workflow_step_duration_seconds_count', {
          type: 'transform',
          outcome: 'failed',
        }),
      ])
    const waiting = () => figure(server, 'vetrai_workflow_runs', { status: 'waiting' })
    const before = await figures()
    await author.run(
      graphOf([
        node('one', 'transform', { expression: '1' }, { next: 'two' }),
        node('two', 'transform', { expression: '2' }),
      ]),
    )
    await author.run(graphOf([node('bad', 'transform', { expression: '"a" + 1' })]))
    const asked = await author.run(graphOf([node('ask', 'approval', { title: 'Go on?' })]))
    expect(await waiting()).to.equal(1)
    await ok(author.api.post(`/workers/v1/workflow-runs/${asked.id}/cancel`))
    expect(await waiting()).to.equal(0)
    const after = await figures()
    expect(after.map((count, i) => count - (before[i] ?? 0))).to.deep.equal([1, 1, 1, 2, 1])
  })

  it('tells everything once and in order, with sequences that have no gaps', async () => {
    const run = await author.run(
      graphOf([
        node('one', 'transform', { expression: '1' }, { next: 'two' }),
        node('two', 'transform', { expression: '2' }),
      ]),
    )
    const events = await author.events(run.id)
    expect(events.map(({ type, step }) => [type, step])).to.deep.equal([
      ['run.queued', null],
      ['step.succeeded', 'one'],
      ['step.succeeded', 'two'],
      ['run.succeeded', null],
    ])
    expect(events.map(({ sequence }) => sequence)).to.deep.equal([1, 2, 3, 4])
  })

  it('goes on with its events after the last one that the client has, and ends where there is none', async () => {
    const { id } = await author.run(graphOf([node('one', 'transform', { expression: '1' })]))
    const path = `/workers/v1/workflow-runs/${id}/events`
    const rest = await (await author.api.stream(path, { after: '2' })).rest()
    expect(rest.map(({ event }) => event)).to.deep.equal(['run.succeeded', 'end'])
    expect((await author.api.get(path, { headers: { 'last-event-id': '3' } })).status).to.equal(204)
  })

  it('keeps the order of keys, and what PostgreSQL cannot hold is replaced', async () => {
    const run = await author.run(
      graphOf(
        [
          node('only', 'transform', {
            expression: '{"z": 1, "a": "x" & $decodeUrlComponent("%00") & "y", "m": input.half}',
          }),
        ],
        { output: '{{steps.only.output}}' },
      ),
      { half: 'é' },
    )
    expect(JSON.stringify(run.output)).to.equal('{"z":1,"a":"x\ufffdy","m":"é"}')
  })

  describe('loops', () => {
    it('repeat for each item and collect', async () => {
      const run = await author.run(
        graphOf([
          node('each', 'loop', {
            over: 'input.names',
            body: 'greet',
            max: 10,
            collect: 'steps.greet.output',
          }),
          node('greet', 'transform', { expression: '$string(index) & " " & item' }, { next: 'each' }),
        ]),
        { names: ['a', 'b', 'c'] },
      )
      expect(run.output).to.deep.equal(['0 a', '1 b', '2 c'])
      const steps = await author.steps(run.id)
      expect(steps.filter(({ step }) => step === 'greet').map(({ iteration }) => iteration)).to.deep.equal([
        '0',
        '1',
        '2',
      ])
    })

    it('repeat while a condition holds, and a number of times', async () => {
      const counting = (config: object) =>
        graphOf([
          node('again', 'loop', { body: 'count', collect: 'steps.count.output', ...config }),
          node('count', 'transform', { expression: '(steps.count.output ?? 0) + 1' }, { next: 'again' }),
        ])
      const until = await author.run(counting({ max: 10, while: '(steps.count.output ?? 0) < 4' }))
      expect(until.output).to.deep.equal([1, 2, 3, 4])
      expect((await author.run(counting({ max: 3 }))).output).to.deep.equal([1, 2, 3])
    })

    it('do nothing for no items', async () => {
      const run = await author.run(
        graphOf([
          node('each', 'loop', { over: 'input.none', body: 'x', max: 10, collect: 'item' }),
          node('x', 'transform', { expression: '1' }, { next: 'each' }),
        ]),
      )
      expect(run.output).to.deep.equal([])
    })

    it('fail where they would repeat more often than they may', async () => {
      const endless = await author.run(
        graphOf([
          node('again', 'loop', { body: 'x', max: 3, while: 'true' }),
          node('x', 'transform', { expression: '1' }, { next: 'again' }),
        ]),
      )
      expect(endless).to.deep.include({ status: 'failed' })
      expect(endless.error).to.include({ code: 'loop_limit', step: 'again' })
      const many = await author.run(
        graphOf([
          node('each', 'loop', { over: '[1..5]', body: 'x', max: 4 }, { on_error: 'continue' }),
          node('x', 'transform', { expression: '1' }, { next: 'each' }),
        ]),
      )
      expect(many).to.include({ status: 'succeeded', output: null })
    })

    it('hold loops, whose items and indices are told apart', async () => {
      const run = await author.run(
        graphOf([
          node('rows', 'loop', { over: 'input.rows', body: 'cells', max: 5, collect: 'steps.cells.output' }),
          node(
            'cells',
            'loop',
            { over: 'item', body: 'cell', max: 5, collect: 'steps.cell.output' },
            { next: 'rows' },
          ),
          node('cell', 'transform', { expression: '[loops.rows.index, index, item]' }, { next: 'cells' }),
        ]),
        { rows: [['a', 'b'], ['c']] },
      )
      expect(run.output).to.deep.equal([
        [
          [0, 0, 'a'],
          [0, 1, 'b'],
        ],
        [[1, 0, 'c']],
      ])
      const cells = (await author.steps(run.id)).filter(({ step }) => step === 'cell')
      expect(cells.map(({ iteration }) => iteration)).to.deep.equal(['0.0', '0.1', '1.0'])
    })
  })

  describe('parallel nodes', () => {
    it('run branches beside each other and put their outputs together', async () => {
      const run = await author.run(
        graphOf([
          node('base', 'transform', { expression: '10' }, { next: 'both' }),
          node('both', 'parallel', { branches: { left: 'l1', right: 'r1' } }, { next: 'sum' }),
          node('l1', 'transform', { expression: 'steps.base.output + 1' }, { next: 'l2' }),
          node('l2', 'transform', { expression: 'steps.l1.output * 2' }, { next: 'both' }),
          node('r1', 'transform', { expression: 'steps.base.output + 2' }, { next: 'both' }),
          node('sum', 'transform', { expression: 'steps.both.output.left + steps.both.output.right' }),
        ]),
      )
      expect(run).to.include({ status: 'succeeded', output: 34 })
    })

    it('run their body for each item at the same time, in the order of the items', async () => {
      const run = await author.run(
        graphOf([
          node('all', 'parallel', { over: 'input.n', body: 'a', max: 50 }),
          node('a', 'transform', { expression: 'item * 10' }, { next: 'b' }),
          node(
            'b',
            'transform',
            { expression: '$string(index) & ":" & $string(steps.a.output)' },
            { next: 'all' },
          ),
        ]),
        { n: Array.from({ length: 12 }, (_, i) => i) },
      )
      expect(run.output).to.deep.equal(Array.from({ length: 12 }, (_, i) => `${i}:${i * 10}`))
    })

    it('wait for all branches when one fails, and then fail as their node has it', async () => {
      const graph = (onError: unknown) =>
        graphOf(
          [
            node(
              'both',
              'parallel',
              { branches: { bad: 'bad', good: 'g1' } },
              { next: 'end', on_error: onError },
            ),
            node('bad', 'transform', { expression: '$error("no")' }, { next: 'both' }),
            node('g1', 'transform', { expression: '1' }, { next: 'g2' }),
            node('g2', 'transform', { expression: '2' }, { next: 'both' }),
            node('other', 'transform', { expression: '"went " & steps.both.error.code' }),
          ].slice(0, onError === 'fail' ? 4 : 5),
        )
      const failed = await author.run(graph('fail'))
      expect(failed.error).to.include({ code: 'branch_failed', step: 'both' })
      expect(failed.error.message).to.match(/bad.*no/)
      expect((await author.steps(failed.id)).find(({ step }) => step === 'g2')).to.include({
        status: 'succeeded',
      })
      expect((await author.run(graph({ goto: 'other' }))).output).to.equal('went branch_failed')
    })

    it('hold loops and parallel nodes', async () => {
      const run = await author.run(
        graphOf([
          node('outer', 'parallel', { over: '[1, 2]', body: 'loop', max: 5 }),
          node(
            'loop',
            'loop',
            { over: '["a", "b"]', body: 'inner', max: 5, collect: 'steps.inner.output' },
            { next: 'outer' },
          ),
          node('inner', 'parallel', { branches: { x: 'x', y: 'y' } }, { next: 'loop' }),
          node('x', 'transform', { expression: 'item & $string(loops.loop.index)' }, { next: 'inner' }),
          node('y', 'transform', { expression: 'index' }, { next: 'inner' }),
        ]),
      )
      const each = [
        { x: 'a0', y: 0 },
        { x: 'b1', y: 1 },
      ]
      expect(run.output).to.deep.equal([each, each])
      const xs = (await author.steps(run.id)).filter(({ step }) => step === 'x')
      expect(xs.map(({ iteration }) => iteration).sort()).to.deep.equal(['0.0', '0.1', '1.0', '1.1'])
    })
  })

  describe('failures', () => {
    const broken = node('broken', 'transform', { expression: '$error("out of order")' })

    it('end the run with what went wrong and where', async () => {
      const run = await author.run(graphOf([broken]))
      expect(run).to.deep.include({
        status: 'failed',
        output: null,
        error: { code: 'expression_failed', message: 'out of order', step: 'broken' },
      })
      const [step] = await author.steps(run.id)
      expect(step).to.deep.include({
        status: 'failed',
        error: { code: 'expression_failed', message: 'out of order' },
      })
      expect((await author.events(run.id)).map(({ type }) => type)).to.deep.equal([
        'run.queued',
        'step.failed',
        'run.failed',
      ])
    })

    it('go on or elsewhere where the node says so, and can be looked at', async () => {
      const goesOn = graphOf([
        { ...broken, next: 'after', on_error: 'continue' },
        node('after', 'transform', { expression: 'steps.broken.status & " " & steps.broken.error.code' }),
      ])
      expect((await author.run(goesOn)).output).to.equal('failed expression_failed')
      const goesElsewhere = graphOf([
        { ...broken, on_error: { goto: 'rescue' } },
        node('rescue', 'transform', { expression: 'steps.broken.error.message' }),
      ])
      expect((await author.run(goesElsewhere)).output).to.equal('out of order')
    })

    it('of the output itself are told as such', async () => {
      const run = await author.run(
        graphOf([node('a', 'transform', { expression: '1' })], { output: '{{$error("no output")}}' }),
      )
      expect(run.error).to.deep.equal({ code: 'expression_failed', message: 'no output', step: null })
    })
  })

  describe('bounds', () => {
    const many = (limits: object) =>
      graphOf(
        [
          node('again', 'loop', { body: 'x', max: 50 }),
          node(
            'x',
            'transform',
            { expression: '$join($map([1..1000], function($i) { "abcdefgh" }))' },
            { next: 'again' },
          ),
        ],
        { limits },
      )

    it('of steps end the run', async () => {
      const run = await author.run(many({ max_steps: 7 }))
      expect(run.error).to.include({ code: 'step_limit' })
      expect(run.usage.steps).to.equal(7)
    })

    it('of bytes end the run', async () => {
      expect((await author.run(many({ max_bytes: 100_000 }))).error).to.include({ code: 'byte_limit' })
    })

    it('of one output fail the step', async () => {
      const run = await author.run(
        graphOf([node('big', 'transform', { expression: '$pad("x", 300000)' })], {}),
      )
      expect(run.error).to.include({ code: 'output_too_large', step: 'big' })
    })

    it('of time end the run, also while it waits', async () => {
      const waiting = graphOf([node('w', 'wait', { seconds: 3_600 })], { limits: { timeout_s: 60 } })
      const run = await author.run(waiting)
      expect(run.status).to.equal('waiting')
      await server.resources.db.readSystem({
        text: `update workflow_runs set deadline_at = now() - interval '1 second' where id = $1`,
        values: [run.id],
      })
      const { sweepRuns } = await import('./sweep-runs.js')
      await server.run(sweepRuns, {})
      expect((await author.read(run.id)).error).to.include({ code: 'timed_out' })
      const [step] = await author.steps(run.id)
      expect(step).to.include({ status: 'cancelled' })
    })
  })

  it('is started with an input that fits the schema of its version, defaults filled in', async () => {
    const { name } = await author.publish(
      graphOf([node('a', 'transform', { expression: 'input' })], {
        input: {
          type: 'object',
          properties: { n: { type: 'integer', minimum: 1 }, unit: { type: 'string', default: 'm' } },
          required: ['n'],
          additionalProperties: false,
        },
      }),
    )
    const refused = await author.api.post('/workers/v1/workflow-runs', {
      template: name,
      input: { n: 0, x: 1 },
    })
    expect(refused.status).to.equal(422)
    expect(refused.body.errors.map(({ pointer }: { pointer: string }) => pointer)).to.deep.equal([
      '/input/n',
      '/input/x',
    ])
    const id = await author.start(name, { n: 2 })
    await server.work()
    expect((await author.read(id)).output).to.deep.equal({ n: 2, unit: 'm' })
  })

  it('keeps the version it was started with', async () => {
    const { id, name } = await author.publish(graphOf([node('a', 'transform', { expression: '"old"' })]))
    const runId = await author.start(name)
    await ok(
      author.api.patch(`/workers/v1/workflow-templates/${id}`, {
        graph: graphOf([node('a', 'transform', { expression: '"new"' })]),
      }),
    )
    await ok(author.api.post(`/workers/v1/workflow-templates/${id}/publish`, {}))
    await server.work()
    expect(await author.read(runId)).to.include({ version: 1, output: 'old' })
  })

  it('is traced to nobody, whatever the environment says', async () => {
    Object.assign(process.env, { LANGSMITH_TRACING: 'true', LANGCHAIN_TRACING_V2: 'true' })
    await author.run(graphOf([node('a', 'transform', { expression: '1' })]))
    expect(Object.keys(process.env).filter((name) => /^LANG\w+_TRACING/.test(name))).to.deep.equal([])
  })
})
