import { expect } from 'chai'
import { compileWords } from '../compile-words.js'
import type { MjmlNode } from '../markup/to-mjml.js'
import { compileMail } from './compile-mail.js'
import { MailCompiler } from './mail-compiler.js'

const words = { email: { subject: 'x', body: '<mj-text>Hello {{app_name}}</mj-text>' } }

describe('MailCompiler', function () {
  this.timeout(60_000)
  const compilers: MailCompiler[] = []
  const compiler = (limits: ConstructorParameters<typeof MailCompiler>[0] = {}) => {
    const made = new MailCompiler(limits)
    compilers.push(made)
    return made
  }
  const compileBy = (by: MailCompiler) => compileWords(words, 'en', (tree) => by.compile(tree))
  after(() => Promise.all(compilers.map((one) => one.close())))

  it('makes what compiling in this thread makes', async () => {
    expect(await compileBy(compiler())).to.deep.equal(await compileWords(words, 'en', compileMail))
  })

  it('starts its thread when it is needed, and ends it when it had nothing to do', async () => {
    const one = compiler({ idleMs: 20 })
    expect(one.isRunning).to.equal(false)
    await compileBy(one)
    expect(one.isRunning).to.equal(true)
    while (one.isRunning) await new Promise((resolve) => setTimeout(resolve, 10))
    expect((await compileBy(one)).email?.text).to.contain('Hello {{app_name}}')
  })

  it('answers many that ask at once, and refuses more than may wait', async () => {
    const one = compiler({ waitingMax: 4 })
    const results = await Promise.allSettled(Array.from({ length: 6 }, () => compileBy(one)))
    expect(results.map(({ status }) => status)).to.deep.equal([
      ...Array(4).fill('fulfilled'),
      ...Array(2).fill('rejected'),
    ])
    expect(results[5]).to.have.nested.property('reason.reason', 'busy')
    expect((await compileBy(one)).email?.html).to.contain('Hello')
  })

  it('gives up what takes too long, and compiles the next', async () => {
    const one = compiler({ timeoutMs: 1 })
    const failure = await compileBy(one).catch((error: unknown) => error)
    expect(failure).to.have.property('reason', 'too_long')
    expect(one.isRunning).to.equal(false)
  })

  it('outlives what its thread cannot do', async () => {
    const one = compiler()
    const broken = { tagName: 'mjml', attributes: {}, children: [] } satisfies MjmlNode
    const failure = await one.compile(broken).catch((error: unknown) => error)
    expect(failure).to.have.property('reason', 'failed')
    expect((await compileBy(one)).email?.html).to.contain('Hello')
  })
})
