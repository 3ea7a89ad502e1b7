import { type ChildProcess, fork } from 'node:child_process'
import { createRequire } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { expectRejection } from '../../../../../test/expect-rejection.js'
import { Evaluator } from './evaluator.js'

/** What would take a long time, a lot of memory, or what is not there. Each with what comes of it. */
const HOSTILE: readonly [what: string, expression: string, outcome: RegExp][] = [
  ['endless recursion', '( $f := function($n) { $f($n) }; $f(1) )', /timeout/i],
  ['deep recursion', '( $f := function($n) { 1 + $f($n) }; $f(1) )', /stack/i],
  ['a long list', '[1..9000000]', /maximum sequence/],
  ['many large texts', '$map([1..90000], function($v) { $pad("x", 100000) })', /timeout|stopped|memory/i],
  ['a slow regular expression', '$match("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", /^(a+)+$/)', /stopped/],
  ['more memory than there is', '$pad("x", 500000000)', /memory/],
  ['a result that is too large', '$pad("x", 1100000)', /too large|timeout|longer/],
  ['expressions made of text', '$eval("1 + 1")', /non-function/],
  ['what cannot be read', '((1', /Expected/],
]

describe('an expression', function () {
  this.timeout(60_000)
  const evaluator = new Evaluator()
  after(() => evaluator.close())
  const evaluate = async (expression: string, scope: unknown = {}, tenant = 'a'): Promise<unknown> =>
    JSON.parse(await evaluator.evaluate(tenant, expression, JSON.stringify(scope)))

  it('is evaluated over its scope', async () => {
    expect(
      await evaluate('$sum(input.items.price)', { input: { items: [{ price: 2 }, { price: 3 }] } }),
    ).to.equal(5)
    expect(await evaluate('input.nothing', { input: {} })).to.equal(null)
    expect(await evaluate('$now')).to.not.have.property('implementation', 1)
  })

  for (const [what, expression, outcome] of HOSTILE) {
    it(`fails alone: ${what}`, async () => {
      const [error, other] = await Promise.all([
        expectRejection(evaluate(expression, {}, 'evil'), outcome),
        evaluate('input + 1', { input: 1 }, 'good'),
      ])
      expect(error).to.have.property('name', 'EvaluationError')
      expect(other).to.equal(2)
    })
  }

  it('never holds up this process', async () => {
    let turns = 0
    const timer = setInterval(() => {
      turns += 1
    }, 5)
    await expectRejection(evaluate('( $f := function($n) { $f($n) }; $f(1) )'), /timeout/i)
    clearInterval(timer)
    expect(turns).to.be.above(20)
  })

  it('reaches nothing but its scope and the functions of the language', async () => {
    for (const name of [
      'process',
      'require',
      'globalThis',
      'constructor',
      '__proto__',
      'jsonata',
      'console',
    ]) {
      expect(await evaluate(name), name).to.equal(null)
      expect(await evaluate(`input.${name}`, { input: {} }), `input.${name}`).to.equal(null)
      expect(await evaluate(`$lookup(input, "${name}")`, { input: {} }), name).to.equal(null)
    }
    expect(await evaluate('$lookup($sum, "implementation")')).to.equal(null)
    expect(await evaluate('"".constructor.constructor')).to.equal(null)
  })

  it('changes nothing for those after it, of the same tenant or of another', async () => {
    const attempts = [
      '$merge([input, {"__proto__": {"polluted": 1}}])',
      'input ~> |$|{"__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 1}}}|',
      '{"__proto__": {"polluted": 1}}',
      '( $polluted := 1; $sum := function($x) { 42 }; $sum([1]) )',
    ]
    for (const attempt of attempts) await evaluate(attempt, { input: {} })
    for (const tenant of ['a', 'b']) {
      expect(await evaluate('input.polluted', { input: {} }, tenant)).to.equal(null)
      expect(await evaluate('$sum([1, 2])', {}, tenant)).to.equal(3)
      expect(await evaluate('$polluted', {}, tenant)).to.equal(null)
    }
  })

  it('waits its turn: tenants are served one after the other', async () => {
    const order: string[] = []
    const take = (tenant: string) => evaluate('1', {}, tenant).then(() => order.push(tenant))
    await Promise.all([...Array.from({ length: 40 }, () => take('many')), take('few')])
    expect(order.indexOf('few')).to.be.below(20)
  })

  it('is rejected when the evaluator closes', async () => {
    const other = new Evaluator()
    const waiting = other.evaluate('a', '1', '{}')
    other.close()
    await expectRejection(waiting, /EvaluationError/)
  })

  describe('on a machine that has little time for it', () => {
    const children: ChildProcess[] = []
    let slow: Evaluator
    const file = fileURLToPath(new URL('./sandbox.js', import.meta.url))
    const library = createRequire(import.meta.url).resolve('jsonata')
    const begin = (code: string) => {
      const child = fork('-', [], {
        execArgv: ['--input-type=module', '-e', `process.argv[2] = ${JSON.stringify(library)}; ${code}`],
        stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      })
      children.push(child)
      return child
    }
    const started = `await import(${JSON.stringify(file)})`
    const late = `await new Promise((done) => setTimeout(done, 4_000)); ${started}`
    afterEach(() => {
      slow.close()
      children.length = 0
    })

    it('waits for a process that starts late', async () => {
      slow = new Evaluator({ start: () => begin(late) })
      expect(await slow.evaluate('a', '1 + 1', '{}')).to.equal('2')
      expect(children).to.have.length(1)
    })

    it('is evaluated by the next process where one ends before it has started', async () => {
      slow = new Evaluator({ start: () => begin(children.length < 2 ? 'process.exit(1)' : started) })
      expect(await slow.evaluate('a', '1 + 1', '{}')).to.equal('2')
      expect(children).to.have.length(3)
    })

    it('is not to blame where no process starts', async () => {
      slow = new Evaluator({ start: () => begin('process.exit(1)') })
      const error = await expectRejection(slow.evaluate('a', '1 + 1', '{}'), /no process/)
      expect(error).to.not.have.property('name', 'EvaluationError')
    })

    it('has its time of the processor, whatever the clock says', async () => {
      slow = new Evaluator({ start: () => begin(started) })
      await slow.evaluate('a', '1 + 1', '{}')
      const sum = slow.evaluate('a', '$sum([1..10000].($ * 2))', '{}')
      await sleep(50)
      children[0]?.kill('SIGSTOP')
      await sleep(1_500)
      children[0]?.kill('SIGCONT')
      expect(await sum).to.equal('100010000')
      expect(children).to.have.length(1)
    })
  })
})
