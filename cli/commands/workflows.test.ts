import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { Worker } from '../../server/jobs/worker.js'
import { type BuiltTenant, buildTenant } from '../../test/build.js'
import { useServer } from '../../test/server.js'
import { createDeployment } from '../deployment/create-deployment.js'
import { missingFields } from '../testing/documented.js'
import { type CliRun, runCli } from '../testing/run-cli.js'
import { temporaryFolder } from '../testing/temporary-folder.js'

describe('workflows commands, against a server', function () {
  this.timeout(60_000)
  const server = useServer()
  let worker: Worker
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let dir: string
  let tenant: BuiltTenant

  before(async () => {
    folder = await temporaryFolder()
    dir = join(folder.path, 'testbed')
    const port = Number(new URL(server.url).port)
    const deployment = await createDeployment(dir, { config: { name: 'testbed', port } })
    await writeFile(join(deployment.paths.secrets, 'operator-token'), server.operatorToken)
    tenant = await buildTenant(server)
    worker = new Worker(server.resources, { concurrency: 4, leaseMs: 30_000, lookMs: 200 })
    worker.start()
  })
  after(async () => {
    await worker.close(5_000)
    await folder.remove()
  })

  const run = (argv: string[], stdin = ''): Promise<CliRun> =>
    runCli(['workflows', ...argv, '--tenant', tenant.slug, '--dir', dir], { stdin })
  /** The result of a command with --json, which has every field that it documents. */
  const json = async (...argv: string[]) => {
    const done = await run([...argv, '--json'])
    const result = done.json<Record<string, unknown> & { id: string }>()
    expect(missingFields(['workflows', argv[0] ?? ''], result), argv.join(' ')).to.deep.equal([])
    return result
  }
  const untilWaiting = async (id: string): Promise<CliRun> => {
    for (;;) {
      const status = await run(['status', id])
      if (status.stdout.includes('Answer:')) return status
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }

  it('tell what there is to begin with', async () => {
    expect((await run(['templates'])).stdout).to.include('vetrai workflows catalogue')
    expect((await run(['catalogue'])).stdout)
      .to.include('first-steps')
      .and.include('needs nothing')
    await json('catalogue')
  })

  it('make one, run it and show its steps as they end', async () => {
    const made = await run(['create', 'hello', '--from', 'first-steps', '--publish'])
    expect(made.stdout).to.include('version 1')
    const done = await run(['run', 'hello', '--input', '{"texts":["one two"],"ask":false}', '--wait'])
    expect(done.code, done.stderr).to.equal(0)
    expect(done.stderr)
      .to.match(/✓ count_words \[0\]/)
      .and.match(/✓ sum_up/)
    expect(done.stdout).to.include('"words": 2')
    await json('templates')
    await json('runs', '--workflow', 'hello', '--status', 'succeeded')
  })

  it('show what a run asks, take the answer and tell who gave it', async () => {
    const { id } = await json('run', 'hello')
    const asked = await untilWaiting(id)
    expect(asked.stdout).to.include('Sum up 3 texts?').and.include(`vetrai workflows resume ${id}`)
    expect((await run(['resume', id])).code).to.equal(2)
    const refused = await run(['resume', id, '--answer', '{"approved":"maybe"}'])
    expect([refused.code, refused.stderr.includes('answer.approved')]).to.deep.equal([1, true])
    await json('resume', id, '--answer', '{"approved":false}')
    const followed = await run(['status', id, '--follow'])
    expect(followed.stdout).to.match(/refused_by/)
    const steps = await run(['steps', id])
    expect(steps.stdout)
      .to.match(/STEP +TYPE +STATUS/)
      .and.include('leave_it')
    await json('steps', id)
    expect((await run(['resume', id, '--answer', '{"approved":true}'])).code).to.equal(1)
  })

  it('cancel a run and begin another where it was', async () => {
    const { id } = await json('run', 'hello')
    await untilWaiting(id)
    expect(await json('cancel', id)).to.include({ status: 'cancelled' })
    const again = await json('replay', id)
    expect(again).to.include({ replay_of: id })
    await json('cancel', again.id)
    expect((await run(['replay', id, '--steps', '{"nothing":1}'])).code).to.equal(1)
  })

  it('change, check, publish, list and draw it', async () => {
    const broken = {
      start: 'a',
      nodes: [{ id: 'a', type: 'transform', config: { expression: '1 +' }, next: 'b' }],
    }
    const sound = {
      start: 'a',
      nodes: [{ id: 'a', type: 'transform', config: { expression: '1' }, next: 'end' }],
    }
    const file = join(folder.path, 'graph.json')
    await writeFile(file, JSON.stringify(broken))
    await run(['create', 'mine', '--graph', `@${file}`])
    const checked = await run(['validate', 'mine'])
    expect(checked.code).to.equal(1)
    expect(checked.stdout).to.include('/nodes/0/next').and.include('/nodes/0/config/expression')
    expect((await run(['publish', 'mine'])).code).to.equal(1)
    expect(await json('validate', 'mine', '--graph', JSON.stringify(sound))).to.include({ valid: true })
    await json('update', 'mine', '--graph', JSON.stringify(sound), '--description', 'One step.')
    expect((await run(['update', 'mine'])).code).to.equal(2)
    await json('publish', 'mine', '--note', 'the first')
    expect((await run(['publish', 'mine', '--from-version', '1'])).stdout).to.include(
      'version 1 again, as version 2',
    )
    expect((await run(['versions', 'mine'])).stdout).to.include('the first')
    expect((await run(['show', 'mine'])).stdout).to.match(/^flowchart TD/)
    await json('versions', 'mine')
    await json('show', 'mine', '--version', '1')
  })

  it('delete one only when its name is repeated', async () => {
    expect((await run(['delete', 'mine', '--confirm', 'other'])).code).to.equal(4)
    expect(await json('delete', 'mine', '--confirm', 'mine')).to.include({ name: 'mine', deleted: true })
    const gone = await run(['show', 'mine', '--json'])
    expect(gone.json<{ error: object }>().error).to.include({ code: 'workflow_not_found' })
  })

  it('exit 1 when a run fails', async () => {
    const failing = {
      start: 'a',
      nodes: [{ id: 'a', type: 'transform', config: { expression: '$error("no")' }, next: 'end' }],
    }
    await run(['create', 'failing', '--graph', JSON.stringify(failing), '--publish'])
    const failed = await run(['run', 'failing', '--wait'])
    expect(failed.code).to.equal(1)
    expect(failed.stderr).to.include('✗ a: no')
    expect(failed.stdout).to.include('expression_failed at a')
    expect((await run(['create', 'nothing'])).code).to.equal(2)
  })

  it('store a secret from standard input, and never show it', async () => {
    const stored = await run(['secret', 'CRM_KEY', '--hosts', 'crm.example.com'], 'canary-of-the-crm\n')
    expect(stored.stdout).to.include('{{secrets.CRM_KEY}}')
    const listed = await run(['secrets'])
    expect(listed.stdout).to.include('crm.example.com')
    expect(stored.stdout + stored.stderr + listed.stdout).to.not.include('canary-of-the-crm')
    expect((await run(['secret', 'CRM_KEY', '--hosts', 'crm.example.com'])).code).to.equal(2)
    await json('secrets')
    await json('forget-secret', 'CRM_KEY')
  })
})
