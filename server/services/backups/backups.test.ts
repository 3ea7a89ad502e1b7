import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { expect } from 'chai'
import { sealKit } from '../../../cli/deployment/recovery-kit.js'
import { OPERATOR_PASSWORD, useServer } from '../../../test/server.js'
import { asAdmin, ROLE_PASSWORDS, stores } from '../../../test/stores.js'
import { until } from '../../../test/until.js'
import { BACKUP_TOOL } from '../../backup/run-backup-tool.js'
import { Scheduler } from '../../jobs/scheduler.js'
import { Worker } from '../../jobs/worker.js'
import type { JobRecord } from '../../kernel/define-job.js'
import { stateOf } from '../../kernel/resources.js'
import { readMailbox } from '../../outbound/read-mailbox.js'
import { create } from './jobs/create.js'
import { drill } from './jobs/drill.js'
import { watch } from './jobs/watch.js'
import { toolState } from './operations/run-work.js'
import { writeBackupSettings } from './test-support.js'

const DAY_MS = 86_400_000
const NOTIFY = 'watch@vetrai.test'
const ID = '20261126T031700Z-00000'

/** Speaks the protocol, does what the file `plan` says, and keeps what it was asked for. */
const PROGRAM = `
import { appendFileSync, readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
const [verb] = process.argv.slice(2)
const folder = process.env.FAKE_FOLDER
const say = (line) => process.stderr.write(JSON.stringify(line) + '\\n')
appendFileSync(folder + '/calls', JSON.stringify({ verb, request: JSON.parse(await text(process.stdin)), pid: process.pid }) + '\\n')
const plan = readFileSync(folder + '/plan', 'utf8')
say({ step: 'Copy the database' })
say({ detail: '1 MB of 2 MB', done: 1, total: 2 })
if (plan === 'kill') process.kill(process.pid, 'SIGKILL')
if (plan === 'hang') await new Promise((resolve) => { process.on('SIGTERM', () => process.exit(1)); setTimeout(resolve, 60_000) })
if (plan === 'nonsense') process.stdout.write('{"what": "is this"}')
else if (plan.startsWith('{')) { say(JSON.parse(plan)); process.exitCode = 1 }
else process.stdout.write(JSON.stringify({
  create: { id: '${ID}' + plan, bytes: 12_345, targets: ['local', 'far'] },
  prune: { removed: [], kept: [{ target: 'local' }], bytes_freed: 7 },
  drill: { id: '${ID}' + plan, target: 'local' },
}[verb]))
`
const failing = (code: string, message: string) =>
  JSON.stringify({ error: { code, message, next: 'Free space on that disk.' } })

describe('backups by a schedule', function () {
  this.timeout(60_000)
  const server = useServer({
    settings: { BACKUP_RECOVERY_PATH: join(tmpdir(), `vetrai-recovery-${process.pid}`) },
  })
  let folder: string
  let recovery: string

  const settings = (more: object = {}) => writeBackupSettings(recovery, more)
  const plan = (text: string) => writeFile(join(folder, 'plan'), text)
  const calls = async () =>
    (await readFile(join(folder, 'calls'), 'utf8').catch(() => ''))
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as { verb: string; request: unknown; pid: number })
  const status = async () => (await server.operator.get('/backups/v1/status')).body
  const runs = async (query = '') => (await server.operator.get(`/backups/v1/runs?${query}`)).body.data
  const mails = async () =>
    (await readMailbox(server.mailbox).catch(() => [])).filter(({ to }) => to === NOTIFY)
  const admin = async (sql: string) => (await asAdmin(await stores(), sql, server.databaseName)).rows
  const within = (ms: number) => {
    const at = new Date(Date.now() + ms)
    server.now = () => at
  }
  /** Runs a kind as its schedule would, with all of its attempts, and what follows from it. */
  const run = async <P>(job: JobRecord<P>, text?: string) => {
    if (text !== undefined) await plan(text)
    await server.run(job)
    await server.work({ skipPauses: true })
  }

  before(async () => {
    recovery = server.resources.config.BACKUP_RECOVERY_PATH ?? ''
    folder = await mkdtemp(join(tmpdir(), 'vetrai-backups-'))
    const program = join(folder, 'tool.mjs')
    await Promise.all([mkdir(recovery, { recursive: true }), writeFile(program, PROGRAM)])
    Object.assign(stateOf(server.resources, toolState), { program, env: { FAKE_FOLDER: folder } })
  })
  beforeEach(async () => {
    await settings()
    await admin('delete from backup_runs; delete from schedules; delete from worker_jobs')
    for (const name of ['calls', 'plan']) await rm(join(folder, name), { force: true })
    await rm(server.mailbox, { recursive: true, force: true })
  })
  afterEach(() => {
    server.now = undefined
  })
  after(async () => {
    for (const path of [folder, recovery]) await rm(path, { recursive: true, force: true })
  })

  it('follow the settings, also those that change, and tell when the next are due', async () => {
    const scheduler = new Scheduler(server.resources)
    await scheduler.look()
    const { schedule, drill: rehearsal, ...rest } = await status()
    expect(schedule).to.include({ cron: '17 3 * * *', time_zone: 'Europe/Berlin' })
    expect(rehearsal).to.include({ cron: '47 4 * * 0' })
    expect(Date.parse(schedule.due_by) - Date.parse(schedule.next_at)).to.be.within(
      24 * 3_600_000,
      26 * 3_600_000,
    )
    expect(rest).to.deep.include({ configured: true, targets: ['local'], last_success: null, running: [] })
    await settings({ schedule: '5 * * * *', drill: null })
    await scheduler.look()
    expect(await status())
      .to.deep.include({ drill: null })
      .and.have.nested.property('schedule.cron', '5 * * * *')
    await writeFile(join(recovery, 'settings.json'), '{"half": ')
    await scheduler.look()
    expect(await status())
      .to.include({ configured: false })
      .and.have.nested.property('schedule.cron', '5 * * * *')
    const refused = await server.operator.post('/backups/v1/runs')
    expect(refused.status).to.equal(409)
    expect(refused.body.code).to.equal('backups.not_configured')
  })

  it('are made by the program, then pruned, reported and measured', async () => {
    await run(create, '1')
    expect((await calls()).map(({ verb, request }) => [verb, request])).to.deep.equal([
      ['create', { reason: 'schedule' }],
      ['prune', {}],
    ])
    await run(drill)
    const [proof, pruned, made] = await runs()
    expect(made).to.deep.include({
      kind: 'create',
      outcome: 'succeeded',
      reason: 'schedule',
      backup_id: `${ID}1`,
    })
    expect(made).to.deep.include({ bytes: 12_345, targets: ['local', 'far'], error: null })
    expect(pruned).to.deep.include({ kind: 'prune', outcome: 'succeeded', bytes: 7, targets: ['local'] })
    expect(proof).to.include({ kind: 'drill', outcome: 'succeeded', backup_id: `${ID}1` })
    expect((await server.operator.get(`/backups/v1/runs/${made.id}`)).body).to.deep.equal(made)
    expect(await status()).to.deep.include({
      last_success: made,
      last_verified_restore: proof,
      last_failure: null,
    })
    const figures = await server.resources.metrics.registry.metrics()
    const figure = (name: string) =>
      Number(new RegExp(`^vetrai_backup_${name} (\\S+)$`, 'm').exec(figures)?.[1])
    expect(figure('last_success_timestamp_seconds')).to.equal(Date.parse(made.finished_at) / 1_000)
    expect(figure('last_bytes')).to.equal(12_345)
    expect(figure('last_verified_restore_timestamp_seconds')).to.equal(Date.parse(proof.finished_at) / 1_000)
    expect(figures).to.match(/^vetrai_backup_drill_duration_seconds /m)
    expect(figures).to.not.match(/^vetrai_backup_last_failure_timestamp_seconds /m)
    expect(await mails()).to.deep.equal([])
  })

  it('of the database’s archive are measured where there is one, by what the container that makes them noted', async () => {
    const figures = () => server.resources.metrics.registry.metrics()
    const noted = `insert into installation_state (key, value) values ('backup.base', '{"succeeded_at": 1795658400, "failed_at": 1795651200}')`
    await asAdmin(await stores(), noted, server.databaseName)
    expect(await figures(), 'an archive of another deployment').to.not.match(/^vetrai_backup_base_/m)
    await settings({ wal: true })
    expect(await figures())
      .to.match(/^vetrai_backup_base_last_success_timestamp_seconds 1795658400$/m)
      .and.match(/^vetrai_backup_base_last_failure_timestamp_seconds 1795651200$/m)
    await settings()
  })

  it('that fail are tried again, told of once a day for each way, and told of once when they work again', async () => {
    await run(create, failing('no_space', 'There is no room left in local.'))
    expect(await calls()).to.have.length(3)
    expect(await runs('outcome=failed')).to.have.length(3)
    const [first, ...none] = await mails()
    expect(none).to.deep.equal([])
    expect(first?.subject).to.equal('vetrai: a backup failed')
    for (const words of ['There is no room left in local.', 'Free space on that disk.'])
      expect(first?.text.replaceAll('\n', ' ')).to.contain(words)

    await run(create)
    expect(await mails(), 'the same again').to.have.length(1)
    for (const how of ['kill', 'nonsense']) await run(create, how)
    expect(await mails(), 'in another way').to.have.length(2)
    const [last] = await runs('outcome=failed')
    expect(last.error.code).to.equal('tool_failed')
    within(DAY_MS + 60_000)
    await run(create, failing('no_space', 'There is no room left in local.'))
    expect(await mails(), 'a day later').to.have.length(3)

    await run(create, '2')
    await run(create, '3')
    const told = (await mails()).map(({ subject }) => subject)
    expect(told).to.have.length(4)
    expect(told.at(-1)).to.equal('vetrai: it works again: a backup')
  })

  it('that do not happen are told of, also when no job ever ran', async () => {
    await new Scheduler(server.resources).look()
    const due = Date.parse((await status()).schedule.due_by) - Date.now()
    within(due - 60_000)
    await run(watch)
    expect(await mails()).to.deep.equal([])
    within(due + 60_000)
    for (let n = 0; n < 3; n += 1) await run(watch)
    expect((await mails()).map(({ subject }) => subject)).to.deep.equal(['vetrai: there is no new backup'])
    expect(await status()).to.have.nested.property('last_failure.outcome', 'missed')
    within(due + 1.1 * DAY_MS)
    await run(watch)
    expect(await mails()).to.have.length(2)
    await run(create, '4')
    within(due + 2 * DAY_MS)
    await run(watch)
    expect((await mails()).map(({ subject }) => subject).slice(2)).to.deep.equal([
      'vetrai: it works again: a backup',
    ])
  })

  it('can be asked for, are one at a time, and end with their process when cancelled', async () => {
    await plan('hang')
    const asked = await server.operator.post('/backups/v1/runs', { kind: 'create' })
    expect(asked.status, asked.text).to.equal(202)
    expect((await server.operator.post('/backups/v1/runs', {})).body).to.deep.equal({
      ...asked.body,
      is_new: false,
    })
    const worker = new Worker(server.resources, { concurrency: 4, leaseMs: 30_000, lookMs: 100 })
    worker.start()
    try {
      await until(async () => (await calls()).length > 0)
      const [call] = await calls()
      expect(await status()).to.have.nested.property('running.0.reason', 'manual')
      expect((await server.operator.post(`/workers/v1/jobs/${asked.body.job_id}/cancel`)).status).to.equal(
        200,
      )
      await until(async () => (await runs('outcome=cancelled')).length === 1)
      expect(() => process.kill(call?.pid ?? 0, 0)).to.throw('ESRCH')
    } finally {
      await worker.close(0)
    }
    expect(await mails()).to.deep.equal([])
  })

  it('whose process was killed are no backups, and reports are kept for 400 days, the last good one for ever', async () => {
    await run(create, '5')
    await admin(`insert into backup_runs (id, kind, reason, job_id, started_at)
      values (gen_random_uuid(), 'create', 'schedule', gen_random_uuid(), now())`)
    await run(watch)
    const [lost] = await runs('kind=create')
    expect(lost).to.include({ outcome: 'interrupted' }).and.have.nested.property('error.code', 'lost')
    await admin("update backup_runs set created_at = now() - interval '401 days'")
    await run(watch)
    expect(
      (await runs()).map(({ outcome, kind }: Record<string, string>) => [kind, outcome]),
    ).to.have.deep.members([
      ['create', 'succeeded'],
      ['prune', 'succeeded'],
    ])
  })

  it('are whole and restore, when the real program makes and proves them', async () => {
    const { config } = server.resources
    const identity = await generateIdentity()
    const recipient = await identityToRecipient(identity)
    const secrets = {
      'master-key': config.VETRAI_SECRET,
      'operator-token': server.operatorToken,
      'operator-password': OPERATOR_PASSWORD,
    }
    const kit = { version: 1, config: '', override: null, lock: {} as never, secrets } as const
    await writeFile(join(recovery, 'kit.age'), await sealKit(kit, [recipient]))
    const tool = stateOf(server.resources, toolState)
    const fake = { ...tool }
    const names = [
      'DATABASE_URL',
      'DATABASE_APP_PASSWORD',
      'DATABASE_SYSTEM_PASSWORD',
      'REDIS_URL',
      'REDIS_PASSWORD',
    ] as const
    const env = Object.fromEntries(names.map((name) => [name, config[name]]))
    Object.assign(tool, {
      program: BACKUP_TOOL,
      env: {
        ...env,
        ...{
          BACKUP_RECOVERY_PATH: recovery,
          BACKUP_KEY: identity,
          DATABASE_BACKUP_PASSWORD: ROLE_PASSWORDS.backup,
        },
        ...{
          OBJECT_STORE_PATH: config.OBJECT_STORE_PATH,
          MAILBOX_PATH: server.mailbox,
          AUTH_BCRYPT_COST: '4',
        },
      },
    })
    try {
      await server.resources.objects.put('a/b', Buffer.from('an object'), { contentType: 'text/plain' })
      await run(create)
      await run(drill)
      const all = await runs()
      const told = all.map((one: Record<string, unknown>) => [one.kind, one.outcome, one.error])
      expect(told).to.deep.equal([
        ['drill', 'succeeded', null],
        ['prune', 'succeeded', null],
        ['create', 'succeeded', null],
      ])
      const kept = await readdir(join(recovery, 'backups', 'backups'))
      expect(kept).to.deep.equal([all[0].backup_id])
      expect(all[0].targets).to.deep.equal(['local'])
    } finally {
      Object.assign(tool, fake)
    }
  })
})
