import { expect } from 'chai'
import type { StubAnswer } from '../testing/api-stub.js'
import { missingFields } from '../testing/documented.js'
import { type StubDeployment, stubDeployment } from '../testing/stub-deployment.js'

const PATH = '/installation/v1/maintenance'
const ON = {
  on: true,
  message: 'Back at ten.',
  retry_after_s: 600,
  since: '2026-11-26T09:00:00.000Z',
  settled: true,
  running_jobs: 2,
}
const OFF = { on: false, message: null, retry_after_s: null, since: null, settled: false, running_jobs: 0 }

describe('maintenance commands', () => {
  let bed: StubDeployment

  before(async () => {
    bed = await stubDeployment()
  })
  beforeEach(() => bed.stub.reset())
  after(() => bed.remove())

  /** Answers a route with each of these in turn. */
  function inTurn(route: string, ...answers: StubAnswer[]): void {
    bed.stub.on(route, () => answers.shift() ?? 'reset')
  }

  it('turns it on with the words given, waits for requests and jobs, and says what it waited for', async () => {
    bed.stub.on(`PUT ${PATH}`, { body: { ...ON, settled: false } })
    inTurn(
      `GET ${PATH}`,
      { body: ON },
      { body: { ...ON, running_jobs: 1 } },
      { body: { ...ON, running_jobs: 0 } },
    )
    const argv = ['maintenance', 'on', '--message', 'Back at ten.', '--retry-after', '10m', '--wait']
    const done = await bed.run(argv)
    expect([done.code, bed.stub.seen[0]?.body]).to.deep.equal([
      0,
      { message: 'Back at ten.', retry_after_s: 600 },
    ])
    expect(bed.stub.seen).to.have.length(4)
    expect(done.stdout).to.include('on since 2026-11-26 09:00 UTC').and.include('none runs')
    bed.stub.on(`PUT ${PATH}`, { body: ON })
    const json = await bed.run('maintenance on --json')
    expect([json.json(), bed.stub.seen.at(-1)?.body]).to.deep.equal([ON, {}])
    expect(missingFields(['maintenance', 'on'], ON)).to.deep.equal([])
  })

  it('fails where jobs outlast the wait, and leaves the maintenance on', async () => {
    bed.stub.on(`PUT ${PATH}`, { body: ON })
    bed.stub.on(`GET ${PATH}`, { body: ON })
    const done = await bed.run('maintenance on --wait --wait-for 1s')
    expect(done.code).to.equal(1)
    expect(done.stderr).to.include('2 jobs still run after 1 seconds').and.include('--wait-for')
    expect(bed.stub.seen.some(({ method }) => method === 'DELETE')).to.equal(false)
  })

  it('turns it off, and shows it, also beside the state of the deployment', async () => {
    bed.stub.on(`DELETE ${PATH}`, { body: OFF })
    expect((await bed.run('maintenance off')).stdout).to.include('No maintenance')
    bed.stub.on(`GET ${PATH}`, { body: { ...ON, settled: false } })
    const shown = await bed.run('maintenance status')
    expect(shown.stdout).to.include('Back at ten.').and.include('10m').and.include('2 jobs still run')
  })

  it('refuses what is no length of time, and says that nothing runs where nothing does', async () => {
    for (const wrong of ['soon', '0m', '-1', '1d']) {
      const done = await bed.run(['maintenance', 'on', `--retry-after=${wrong}`])
      expect([done.code, bed.stub.seen.length], wrong).to.deep.equal([2, 0])
      expect(done.stderr).to.include('90s, 10m or 2h')
    }
    await bed.stub.stop()
    for (const verb of ['on', 'off']) {
      const done = await bed.run(`maintenance ${verb}`)
      expect(done.code).to.equal(3)
      expect(done.stderr).to.include('The server is not running').and.include('vetrai up')
    }
  })
})
