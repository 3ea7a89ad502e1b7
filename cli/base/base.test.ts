import { expect } from 'chai'
import { CliError } from '../deployment/errors.js'
import { errorView } from '../views/error-view.js'
import { createPaint } from '../views/paint.js'
import { confirmByName } from './confirm.js'
import { describeError } from './describe-error.js'
import { hoistFlags } from './hoist-flags.js'
import { mayColour, wantsJson } from './output.js'
import { createProgress } from './progress.js'
import { parseRateLimit } from './rate-limit-flag.js'
import { readAll } from './read-secret.js'

const plain = createPaint(false)

describe('what every command shares', () => {
  it('keeps code, words, next step and exit code of an expected failure', () => {
    const error = new CliError({
      code: 'taken',
      message: 'It is taken.',
      next: 'Choose another.',
      exitCode: 4,
    })
    expect(describeError(error)).to.deep.equal({
      error: { code: 'taken', message: 'It is taken.', next: 'Choose another.' },
      exitCode: 4,
    })
  })

  it('says an unexpected failure without its stack, with exit code 1', () => {
    const { error, exitCode } = describeError(new TypeError('x is not a function'))
    expect(error).to.include({ code: 'unexpected', message: 'x is not a function' })
    expect(error.message + error.next).not.to.include('at ')
    expect(exitCode).to.equal(1)
    expect(describeError('thrown text').error.message).to.equal('thrown text')
  })

  it('takes Ctrl-C at a question for a decision', () => {
    const error = Object.assign(new Error('User force closed the prompt'), { name: 'ExitPromptError' })
    expect(describeError(error).error.code).to.equal('cancelled')
  })

  it('shows a failure with every line of it, what to do next, and what to quote', () => {
    const error = {
      code: 'a.b',
      message: 'First.\nname: too short',
      next: 'Do this.\nThen that.',
      request_id: 'r1',
    }
    expect(errorView(error, plain).split('\n')).to.deep.equal([
      '✗ First.',
      '  name: too short',
      '  → Do this.',
      '    Then that.',
      '  (a.b, request r1)',
    ])
  })

  it('moves global flags behind the command, and no others', () => {
    expect(hoistFlags(['--dir', 'D', '--json', 'up', '-q'])).to.deep.equal([
      'up',
      '-q',
      '--dir',
      'D',
      '--json',
    ])
    expect(hoistFlags(['--dir=D', 'x', '--', 'y'])).to.deep.equal(['x', '--dir=D', '--', 'y'])
    expect(hoistFlags(['--help'])).to.deep.equal(['--help'])
    expect(hoistFlags(['--json'])).to.deep.equal(['--json'])
    expect(hoistFlags(['up', '--json'])).to.deep.equal(['up', '--json'])
  })

  it('colours only a terminal, and only while nobody says no', () => {
    const terminal = { isTTY: true }
    const env = { ...process.env }
    for (const name of ['NO_COLOR', 'VETRAI_NO_COLOR', 'TERM']) delete process.env[name]
    expect(mayColour(terminal, [])).to.equal(true)
    expect(mayColour({}, [])).to.equal(false)
    expect(mayColour(terminal, ['--no-color'])).to.equal(false)
    process.env.NO_COLOR = '1'
    expect(mayColour(terminal, [])).to.equal(false)
    process.env = env
  })

  it('sees --json only before a bare --', () => {
    expect(wantsJson(['up', '--json'])).to.equal(true)
    expect(wantsJson(['help', '--', '--json'])).to.equal(false)
  })

  it('reports each step once, as a line where there is no terminal', () => {
    const written: string[] = []
    const progress = createProgress({ write: (text) => written.push(text) }, plain)
    progress.step('Start').done('fine')
    progress.step('Wait').fail()
    expect(written).to.have.length(2)
    expect(written[0]).to.match(/^✓ Start fine · \d+\.\ds\n$/)
    expect(written[1]).to.match(/^✗ Wait \d+\.\ds\n$/)
  })

  it('wipes the spinner of a terminal before the outcome', () => {
    let written = ''
    const stream = { isTTY: true, write: (text: string) => (written += text) }
    createProgress(stream, plain).step('Start').done()
    expect(written).to.include('⠋ Start\r\u001b[2K✓ Start')
  })

  it('returns from a confirmation only when the name is repeated exactly', async () => {
    await confirmByName({ name: 'acme', consequence: 'deletes it', given: 'acme' })
    for (const given of ['Acme', 'acme ', '']) {
      const error = await confirmByName({ name: 'acme', consequence: 'deletes it', given }).catch(
        (thrown: unknown) => thrown,
      )
      expect(error, given).to.include({ code: 'not_confirmed', exitCode: 4 })
    }
  })

  it('reads a piped secret without its line break, and not without end', async () => {
    expect(await readAll(chunks('pass', 'word\r\n'))).to.equal('password')
    expect(await readAll(chunks(' spaced \n'))).to.equal(' spaced ')
    const error = await readAll(chunks('x'.repeat(5000))).catch((thrown: unknown) => thrown)
    expect(error).to.include({ code: 'usage', exitCode: 2 })
  })

  it('reads a rate limit', () => {
    expect(parseRateLimit('requests=100/60')).to.deep.equal({ name: 'requests', limit: 100, window_s: 60 })
    for (const text of ['100/60', 'requests=100', 'Requests=1/1', 'requests=-1/60']) {
      expect(() => parseRateLimit(text), text).to.throw(CliError)
    }
  })
})

async function* chunks(...texts: string[]): AsyncGenerator<string> {
  yield* texts
}
