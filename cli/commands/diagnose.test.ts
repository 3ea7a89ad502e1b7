import { expect } from 'chai'
import { receiveMail } from '../../test/smtp-receiver.js'
import type { CheckReport } from '../operations/run-checks.js'
import type { SmtpReport } from '../operations/test-smtp.js'
import { missingFields } from '../testing/documented.js'
import { type StubDeployment, stubDeployment } from '../testing/stub-deployment.js'

describe('doctor, smtp test and secrets repair', () => {
  let stub: StubDeployment
  let server: Awaited<ReturnType<typeof receiveMail>>

  before(async () => {
    stub = await stubDeployment('diagnosed')
    server = await receiveMail()
  })
  after(async () => {
    await server.stop()
    await stub.remove()
  })

  it('say that there is no mail server, and how to name one', async () => {
    const run = await stub.run('smtp test')
    expect(run.code).to.equal(3)
    expect(run.stderr).to.include('every mail is written to').and.include('vetrai config set mail.smtp.host')
    const asked = (await stub.run('doctor --mail-to ops@shop.example --json')).json<
      CheckReport & Record<string, unknown>
    >()
    expect(asked.checks.find(({ name }) => name === 'smtp')).to.include({ level: 'fail' })
    const unasked = (await stub.run('doctor --json')).json<CheckReport & Record<string, unknown>>()
    expect(unasked.checks.find(({ name }) => name === 'smtp')).to.equal(undefined)
  })

  describe('with a mail server', () => {
    before(async () => {
      await stub.run('config set mail.smtp.host 127.0.0.1')
      await stub.run(`config set mail.smtp.port ${server.port}`)
    })

    it('tell each step, as text and as the documented JSON', async () => {
      const run = await stub.run('smtp test')
      expect(run.code, run.stderr).to.equal(0)
      expect(run.stdout)
        .to.match(/✓ Connection +port \d+ of 127\.0\.0\.1/)
        .and.include('takes mail.')
      const report = (await stub.run('smtp test --json')).json<SmtpReport & Record<string, unknown>>()
      expect(missingFields(['smtp', 'test'], report)).to.deep.equal([])
      expect(server.received).to.deep.equal([])
    })

    it('send a test mail when asked, and to one address only', async () => {
      const run = await stub.run('smtp test --to ops@shop.example')
      expect(run.code, run.stdout).to.equal(0)
      expect(run.stdout).to.include('on its way to ops@shop.example')
      const bad = await stub.run(['smtp', 'test', '--json', '--to', 'a@b.example, c@d.example'])
      expect(bad.code).to.equal(2)
      expect(bad.json<{ error: { code: string } }>().error.code).to.equal('address_invalid')
      const doctor = await stub.run('doctor --mail-to dev@shop.example')
      expect(doctor.stdout).to.match(/✓ Outgoing mail +taken for dev@shop\.example/)
      expect(server.received.map(({ to }) => to)).to.deep.equal([['ops@shop.example'], ['dev@shop.example']])
    })

    it('exit 1 with the failed step when it is away', async () => {
      await stub.run('config set mail.smtp.port 9')
      const run = await stub.run('smtp test')
      expect(run.code).to.equal(1)
      expect(run.stdout)
        .to.match(/✗ Connection/)
        .and.include('No mail gets out.')
      const doctor = await stub.run('doctor --skip ports')
      expect(doctor.code).to.equal(1)
      expect(doctor.stdout).to.include('✗ Outgoing mail')
    })

    it('leave out what is skipped', async () => {
      const run = await stub.run('doctor --skip smtp --skip ports,memory --json')
      const { checks } = run.json<CheckReport & Record<string, unknown>>()
      expect(checks.filter(({ level }) => level === 'skipped').map(({ name }) => name)).to.deep.equal([
        'memory',
        'ports',
        'smtp',
      ])
      expect(run.code, run.stdout).to.equal(0)
      expect((await stub.run('doctor --skip nonsense')).code).to.equal(2)
    })
  })

  it('repair nothing while the database does not run', async () => {
    const run = await stub.run('secrets repair')
    expect(run.code).to.equal(3)
    expect(run.stderr).to.include('vetrai up')
  })
})
