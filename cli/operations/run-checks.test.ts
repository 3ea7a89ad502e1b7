import { expect } from 'chai'
import { type Check, type CheckContext, ok, warn } from '../checks/check.js'
import { CliError } from '../deployment/errors.js'
import { checkView } from '../views/check-view.js'
import { createPaint } from '../views/paint.js'
import { runChecks } from './run-checks.js'

const context = { stage: 'doctor' } as CheckContext

describe('running checks', () => {
  it('goes on at the same time and shows the findings in their order', async () => {
    const order: string[] = []
    const second = check('second', async () => {
      order.push('second')
      return ok('fast')
    })
    const first = check('first', async () => {
      await new Promise((resolve) => setImmediate(resolve))
      order.push('first')
      return ok('slow')
    })
    const { checks } = await runChecks(context, [first, second])
    expect(order).to.deep.equal(['second', 'first'])
    expect(checks.map(({ name }) => name)).to.deep.equal(['first', 'second'])
  })

  it('keeps those for last that take what others look at, one after the other', async () => {
    const order: string[] = []
    const note = (name: string) => async () => {
      order.push(`${name} begins`)
      await new Promise((resolve) => setImmediate(resolve))
      order.push(`${name} ends`)
      return ok('')
    }
    const checks = [
      { ...check('a', note('a')), last: true },
      check('b', note('b')),
      { ...check('c', note('c')), last: true },
    ]
    const report = await runChecks(context, checks)
    expect(order).to.deep.equal(['b begins', 'b ends', 'a begins', 'a ends', 'c begins', 'c ends'])
    expect(report.checks.map(({ name }) => name)).to.deep.equal(['a', 'b', 'c'])
  })

  it('shows what was skipped, and does not run it', async () => {
    const never = check('never', async () => {
      throw new Error('it ran')
    })
    const report = await runChecks(context, [never, check('always', async () => warn('so so'))], ['never'])
    expect(report.ok).to.equal(true)
    expect(report.checks[0]).to.deep.equal({
      ...{ name: 'never', title: 'NEVER', level: 'skipped' },
      ...{ detail: 'skipped, as asked for', remedy: null },
    })
    expect(checkView(report, createPaint(false))).to.match(/^– NEVER +skipped, as asked for$/m)
  })

  it('refuses a name that no check has, and names those there are', async () => {
    const error = await runChecks(context, [check('a', async () => ok(''))], ['b']).catch(
      (reason: unknown) => reason,
    )
    expect(error).to.be.instanceOf(CliError)
    expect(error).to.include({ code: 'check_unknown', exitCode: 2, next: 'Name one of: a.' })
  })

  it('hands on the remedy of an error that has one', async () => {
    const broken = check('a', async () => {
      throw new CliError({ code: 'x', message: 'It is gone.', next: 'Bring it back.' })
    })
    const { checks } = await runChecks(context, [broken])
    expect(checks[0]).to.include({ level: 'fail', detail: 'It is gone.', remedy: 'Bring it back.' })
  })
})

function check(name: string, run: Check['run']): Check {
  return { name, title: name.toUpperCase(), stages: ['doctor'], remedy: 'None.', run }
}
