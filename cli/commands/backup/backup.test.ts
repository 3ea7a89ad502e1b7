import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { judgeTargets } from '../../checks/backups.js'
import { generateIdentity, recipientOf } from '../../deployment/age-keys.js'
import { createDeployment } from '../../deployment/create-deployment.js'
import { openDeployment } from '../../deployment/deployment.js'
import { CliError } from '../../deployment/errors.js'
import { openKit } from '../../deployment/recovery-kit.js'
import type {
  BackupSummary,
  CreateResult,
  InfoResult,
  TargetState,
  VerifyResult,
} from '../../operations/backup/protocol.js'
import { noteKeySeen, remakeUnseenKey } from '../../operations/backup/recovery-key.js'
import { missingFields } from '../../testing/documented.js'
import { type CliRun, runCli } from '../../testing/run-cli.js'
import { type StubTool, stubTool } from '../../testing/stub-tool.js'
import { temporaryFolder } from '../../testing/temporary-folder.js'

const ID = '20261126T031500Z-1a2b3c'
const MADE: CreateResult = {
  ...{
    id: ID,
    created_at: '2026-11-26T03:15:00.000Z',
    targets: ['local'],
    bytes: 3_145_728,
    plain_bytes: 9_000_000,
  },
  ...{ rows: 120_000, tables: 60, objects: 12, objects_new: 2, objects_new_bytes: 2_048, duration_s: 4.2 },
}
const SUMMARY: BackupSummary = {
  ...{ id: ID, created_at: MADE.created_at, reason: 'manual', targets: ['local'], version: '0.1.0' },
  ...{ encryption: 'age', bytes: 3_145_728, plain_bytes: 9_000_000, rows: 120_000, tables: 60, objects: 12 },
  verified_at: null,
}
const INFO: InfoResult = {
  ...{ ...SUMMARY, finished_at: MADE.created_at, object_bytes: 4_096, kit: true },
  deployment: { id: '0123456789abcdef', name: 'shop', runtime: 'embedded' },
  database: {
    ...{ server_version: '17.5', schema_version: '20261126', migrations: 80 },
    extensions: [{ name: 'vector', version: '0.8.0' }],
    tables: [{ name: 'users', rows: 12, bytes: 4_096 }],
  },
}
const VERIFIED: VerifyResult = {
  ...{ id: ID, target: 'local', ok: true, parts: 61, objects: 12, bytes: 3_149_824, opened: true },
  ...{ damaged: [], duration_s: 1 },
}

describe('vetrai backup', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let dir: string
  let tool: StubTool
  const run = (argv: string | readonly string[]): Promise<CliRun> =>
    runCli([...(typeof argv === 'string' ? argv.split(' ') : argv), '--dir', dir])
  const documented = async (argv: string | readonly string[]) => {
    const words = typeof argv === 'string' ? argv.split(' ') : argv
    const done = await run([...words, '--json'])
    expect(done.code, done.stdout + done.stderr).to.equal(0)
    expect(missingFields(words, done.json())).to.deep.equal([])
    return done.json()
  }
  const problem = async (argv: string) => {
    const { code, json } = await run(`${argv} --json`)
    return { exit: code, code: json<{ error: { code: string } }>().error.code }
  }

  beforeEach(async () => {
    folder = await temporaryFolder()
    dir = join(folder.path, 'shop')
    tool = stubTool()
    expect((await run('init --yes')).code).to.equal(0)
  })
  afterEach(async () => {
    tool.remove()
    await folder.remove()
  })

  it('makes one with the kit as the files are now, and says what is in it', async () => {
    let kit: Buffer | undefined
    tool.answers.create = async () => {
      kit = await readFile(join(dir, 'recovery', 'kit.age'))
      return MADE
    }
    expect(await documented('backup create')).to.deep.equal(MADE)
    expect(tool.asked).to.deep.equal([
      { verb: 'create', request: { targets: null, reason: 'manual', objects: true } },
    ])
    const deployment = await openDeployment(dir)
    const opened = await openKit(kit ?? new Uint8Array(), [await deployment.secret('backup-key')])
    expect(opened.config).to.equal(await readFile(deployment.paths.config, 'utf8'))
    const entries = await deployment.journal.entries()
    expect(
      entries.find(({ phase, action }) => action === 'backup-create' && phase === 'step')?.detail,
    ).to.include({
      id: ID,
    })
    const text = (await run('backup create --no-objects --throttle-mb-s 20 --jobs 2 --target local')).stdout
    expect(text).to.include(ID).and.include('3 MiB stored').and.include('2 (2 KiB) were new')
    expect(tool.asked.at(-1)?.request).to.deep.equal({
      ...{ targets: ['local'], reason: 'manual', objects: false, throttle_mb_s: 20, jobs: 2 },
    })
  })

  it('hands a passphrase over by file only, and refuses one that is guessed soon', async () => {
    tool.answers.create = () => MADE
    const file = join(folder.path, 'words')
    await writeFile(file, 'six words chosen by chance alone\n')
    await run(`backup create --passphrase-file ${file}`)
    expect(tool.asked[0]?.request).to.include({ passphrase: 'six words chosen by chance alone' })
    await writeFile(file, 'short\n')
    expect(await problem(`backup create --passphrase-file ${file}`)).to.deep.equal({
      ...{ exit: 2, code: 'passphrase_invalid' },
    })
    const journal = JSON.stringify(await (await openDeployment(dir)).journal.entries())
    expect(journal).to.not.include('six words')
  })

  it('lists them newest first by the clock of this host, with what cannot be used', async () => {
    const lost = {
      target: 'offsite',
      id: null,
      code: 'store_unavailable',
      message: 'No answer.',
      next: 'Try later.',
    }
    tool.answers.list = () => ({ backups: [SUMMARY], problems: [lost] })
    expect(await documented('backup list')).to.deep.equal({ backups: [SUMMARY], problems: [lost] })
    expect(tool.asked[0]).to.deep.equal({ verb: 'list', request: { targets: null }, needsStores: false })
    const { stdout } = await run('backup list')
    for (const words of [ID, '2026-11-2', '3 MiB', 'local', 'manual', 'offsite: No answer.', 'Try later.'])
      expect(stdout).to.include(words)
    tool.answers.list = () => ({ backups: [], problems: [] })
    expect((await run('backup list')).stdout).to.include('vetrai backup create')
    expect(await problem('backup list --target nowhere')).to.deep.equal({ exit: 2, code: 'target_unknown' })
  })

  it('finds one by its id, as the latest, or in a file that the program is shown', async () => {
    tool.answers.info = () => INFO
    tool.answers.list = () => ({ backups: [SUMMARY], problems: [] })
    expect(await documented(`backup info ${ID} --target local`)).to.deep.equal(INFO)
    await run('backup info latest')
    const file = join(folder.path, 'shop.tar')
    await writeFile(file, '')
    expect((await run(`backup info ${file}`)).stdout)
      .to.include('users')
      .and.include('17.5')
    expect(tool.asked.filter(({ verb }) => verb === 'info')).to.deep.equal([
      { verb: 'info', request: { id: ID, target: 'local' }, mounts: [], needsStores: false },
      { verb: 'info', request: { id: ID }, mounts: [], needsStores: false },
      { verb: 'info', request: { file }, mounts: [{ path: file }], needsStores: false },
    ])
    expect(await problem('backup info nonsense')).to.deep.equal({ exit: 2, code: 'backup_unknown' })
  })

  it('verifies with the key that it is given, and exits 1 for one that is damaged', async () => {
    tool.answers.verify = () => VERIFIED
    const file = join(folder.path, 'key')
    const identity = await generateIdentity()
    await writeFile(file, `# recovery key\n${identity}\n`)
    expect(await documented(`backup verify ${ID} --identity-file ${file}`)).to.deep.equal(VERIFIED)
    expect(tool.asked[0]?.request).to.deep.equal({ id: ID, identities: [identity] })
    const damaged = [{ name: 'data/users.0000.zst.age', problem: 'its hash is another' }]
    tool.answers.verify = () => ({ ...VERIFIED, ok: false, damaged })
    const { code, stdout } = await run(`backup verify ${ID}`)
    expect(code).to.equal(1)
    expect(stdout).to.include('is damaged').and.include('data/users.0000.zst.age: its hash is another')
    await writeFile(file, 'no key\n')
    const refused = await run(`backup verify ${ID} --identity-file ${file} --json`)
    expect(refused.code).to.equal(2)
    expect(refused.stdout).to.include('identity_invalid').and.not.include('no key')
  })

  it('drills, copies, prunes and looks at targets', async () => {
    const drill = {
      ...{ id: ID, target: 'local', ok: true, tables: 60, rows: 120_000, mismatches: [] },
      checks: [{ name: 'sign-in', ok: true, detail: '1 person' }],
      ...{ recovery_s: 42, duration_s: 50 },
    }
    tool.answers.drill = () => drill
    expect(await documented('backup drill')).to.deep.equal(drill)
    expect(tool.asked[0]).to.deep.equal({ verb: 'drill', request: { id: null } })
    tool.answers.drill = () => ({
      ...drill,
      ok: false,
      mismatches: [{ table: 'users', problem: '11 of 12 rows' }],
    })
    const failed = await run(`backup drill ${ID} --target local`)
    expect([failed.code, failed.stdout]).to.deep.include(1)
    expect(failed.stdout).to.include('users: 11 of 12 rows').and.include('42s')

    tool.answers.prune = () => ({
      ...{ dry_run: true, objects_removed: 3, bytes_freed: 2_048 },
      removed: [{ id: ID, target: 'local', created_at: MADE.created_at, bytes: 1_024 }],
      kept: [{ id: ID, target: 'local', created_at: MADE.created_at, reasons: ['last', 'daily'] }],
    })
    await documented('backup prune --dry-run')
    expect((await run('backup prune --dry-run')).stdout)
      .to.include('would be removed')
      .and.include('last, daily')

    const s3 = { endpoint: 'https://s3.example.com', bucket: 'b', access_key: 'k' }
    await (await openDeployment(dir)).set('backup.targets', [{ name: 'local' }, { name: 'offsite', s3 }])
    tool.answers.copy = () => ({
      ...{
        id: ID,
        from: 'local',
        to: 'offsite',
        bytes: 1_024,
        objects: 12,
        files_copied: 2,
        duration_s: 3,
      },
    })
    await documented(`backup copy ${ID} --from local --to offsite`)
    expect(await problem(`backup copy ${ID} --from local --to local`)).to.deep.equal({
      exit: 2,
      code: 'usage',
    })
    expect(await readFile(join(dir, 'recovery', 'settings.json'), 'utf8')).to.include('s3.example.com')

    const down = { code: 'store_unavailable', message: 'No answer.', next: 'See the network.' }
    tool.answers['check-target'] = () => ({
      targets: [target({}), target({ name: 'offsite', reachable: false, writable: false, problem: down })],
    })
    const targets = await run('backup targets')
    expect(targets.code).to.equal(1)
    expect(targets.stdout).to.include('unreachable').and.include('See the network.')
  })

  it('downloads a whole file or none, for its owner only', async () => {
    const file = join(folder.path, 'shop.tar')
    tool.answers.download = async ({ output }) => {
      await new Promise((done) => output?.end(Buffer.alloc(2_048), () => done(undefined)))
    }
    expect(await documented(`backup download ${ID} --output ${file}`)).to.deep.equal({
      id: ID,
      file,
      size_bytes: 2_048,
    })
    expect((await stat(file)).mode & 0o777).to.equal(0o600)
    expect(await problem(`backup download ${ID} --output ${file}`)).to.deep.equal({
      exit: 4,
      code: 'file_exists',
    })
    tool.answers.download = () => {
      throw new CliError({ code: 'damaged', message: 'A part is damaged.', next: 'Use another copy.' })
    }
    const other = join(folder.path, 'other.tar')
    expect(await problem(`backup download ${ID} --output ${other}`)).to.deep.equal({
      exit: 1,
      code: 'damaged',
    })
    for (const left of [other, `${other}.part`]) expect(await stat(left).catch(() => null)).to.equal(null)
  })

  it('shows and sets when backups are made, comments kept', async () => {
    expect(await documented('backup schedule')).to.deep.include({
      ...{
        schedule: '17 3 * * *',
        drill: '47 4 * * 0',
        time_zone: 'UTC',
        targets: ['local'],
        changed: false,
      },
    })
    const set = await run([
      'backup',
      'schedule',
      '--cron',
      '30 2 * * *',
      '--time-zone',
      'Europe/Berlin',
      '--json',
    ])
    expect(set.json()).to.include({ schedule: '30 2 * * *', time_zone: 'Europe/Berlin', changed: true })
    expect((await run(['backup', 'schedule', '--cron', '30 25 * * *'])).code).to.equal(2)
    expect((await run('backup schedule --drill none --json')).json()).to.include({
      drill: null,
      next_drill_at: null,
    })
    expect((await run('backup schedule --off')).stdout)
      .to.include('never')
      .and.include('vetrai up')
    const yml = await readFile(join(dir, 'vetrai.yml'), 'utf8')
    expect(yml).to.include('schedule: null').and.include('# Backups, sealed')
    expect(await readFile(join(dir, 'recovery', 'settings.json'), 'utf8')).to.include('"schedule": null')
  })
})

describe('the recovery key', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let dir: string
  const run = (argv: string) => runCli([...argv.split(' '), '--dir', dir])
  const kit = () => readFile(join(dir, 'recovery', 'kit.age'))

  beforeEach(async () => {
    folder = await temporaryFolder()
    dir = join(folder.path, 'shop')
  })
  afterEach(() => folder.remove())

  it('is printed by init this once, opens the kit, and is kept nowhere', async () => {
    const { recovery_key: key } = (await run('init --yes --json')).json<{ recovery_key: string }>()
    expect((await openKit(await kit(), [key])).version).to.equal(1)
    const deployment = await openDeployment(dir)
    expect(deployment.get('backup.recovery')).to.equal(await recipientOf(key))
    expect(deployment.lock).to.not.have.property('recovery_unseen')
    for (const path of ['vetrai.yml', 'lock.json', 'recovery/settings.json', 'secrets/backup-key'])
      expect(await readFile(join(dir, path), 'utf8'), path).to.not.include(key)
    expect(JSON.stringify(await deployment.journal.entries())).to.not.include(key)
  })

  it('is the operator’s own where a recipient is brought', async () => {
    const own = await generateIdentity()
    const made = await run(`init --yes --json --recovery-recipient ${await recipientOf(own)}`)
    expect(made.json()).to.include({ recovery_key: null })
    expect((await openKit(await kit(), [own])).version).to.equal(1)
  })

  it('is made anew where the run that made it could not show it, which the doctor tells until then', async () => {
    const recipient = await recipientOf(await generateIdentity())
    const config = { backup: { recovery: recipient } }
    const made = await createDeployment(dir, { config, recoveryUnseen: true })
    const { checks } = (await run('doctor --json')).json<{ checks: { name: string; detail: string }[] }>()
    expect(checks.find(({ name }) => name === 'backups')?.detail).to.include('never shown')
    const key = await remakeUnseenKey(made)
    expect(made.get('backup.recovery')).to.equal(key?.recipient).and.not.equal(recipient)
    expect((await openKit(await kit(), [key?.identity ?? ''])).version).to.equal(1)
    await noteKeySeen(made)
    expect(await remakeUnseenKey(await openDeployment(dir))).to.equal(undefined)
  })

  it('refuses a recipient that is mistyped, and makes nothing', async () => {
    const recipient = (await recipientOf(await generateIdentity())).replace(/.$/, (last) =>
      last === 'q' ? 'p' : 'q',
    )
    const { code, stderr } = await run(`init --yes --recovery-recipient ${recipient}`)
    expect(code).to.equal(2)
    expect(stderr).to.include('backup.recovery')
  })

  it('is made later where there is none, and anew only where that is said', async () => {
    const first = (await run('init --yes')).stdout.match(/AGE-SECRET-KEY-1\w+/)?.[0] ?? ''
    const refused = await run('backup recovery-key --json')
    expect(refused.code).to.equal(4)
    expect(refused.stdout).to.include('recovery_key_exists')
    const replaced = await run('backup recovery-key --replace --json')
    expect(missingFields(['backup', 'recovery-key'], replaced.json())).to.deep.equal([])
    const { recovery_key: key, recipient } = replaced.json<{ recovery_key: string; recipient: string }>()
    expect(replaced.json()).to.include({ replaced: true, recipient: await recipientOf(key) })
    expect((await openDeployment(dir)).get('backup.recovery')).to.equal(recipient)
    expect((await openKit(await kit(), [key])).version).to.equal(1)
    expect(await openKit(await kit(), [first]).catch((error: unknown) => error)).to.include({
      code: 'kit_sealed',
    })

    const deployment = await openDeployment(dir)
    await deployment.set('backup.recovery', undefined)
    const made = await run('backup recovery-key')
    expect(made.stdout).to.include('AGE-SECRET-KEY-1').and.include('Keep it off this host')
    expect(JSON.stringify(await deployment.journal.entries())).to.not.include('AGE-SECRET-KEY')
  })
})

describe('the doctor’s look at backups', () => {
  const HOUR = 3_600_000
  const now = Date.parse('2026-11-26T12:00:00Z')
  const judge = async (state: Partial<TargetState>, ageHours = 100) => {
    const folder = await temporaryFolder()
    try {
      const dir = join(folder.path, 'shop')
      await runCli(['init', '--yes', '--dir', dir])
      const { config, lock } = await openDeployment(dir)
      const made = { ...lock, created_at: new Date(now - ageHours * HOUR).toISOString() }
      return judgeTargets({ config, lock: made }, [target(state)], now)
    } finally {
      await folder.remove()
    }
  }
  const newest = (hours: number, bytes = 1_000) => ({
    newest: { id: ID, created_at: new Date(now - hours * HOUR).toISOString(), bytes },
  })

  it('fails for a target that cannot be used, and for a newest backup older than twice the schedule', async () => {
    const levels = async (state: Partial<TargetState>, age?: number) =>
      (await judge(state, age)).map(({ level }) => level)
    expect(await levels(newest(20))).to.deep.equal(['ok'])
    expect(await levels(newest(47))).to.deep.equal(['ok'])
    expect(await levels(newest(49))).to.deep.equal(['fail'])
    expect(await levels({}, 40)).to.deep.equal(['ok'])
    expect(await levels({}, 50)).to.deep.equal(['fail'])
    expect(await levels({ ...newest(1), writable: false })).to.deep.equal(['fail', 'ok'])
    expect(await levels({ ...newest(1), free_bytes: 1_999 })).to.deep.equal(['warn', 'ok'])
    expect(await levels({ ...newest(1), free_bytes: 2_000 })).to.deep.equal(['ok'])
  })

  it('warns of a deployment whose backups nobody could read elsewhere', async () => {
    const folder = await temporaryFolder()
    const dir = join(folder.path, 'shop')
    await runCli(['init', '--yes', '--dir', dir])
    const look = async () => {
      const { stdout } = await runCli(['doctor', '--json', '--dir', dir])
      const { checks } = JSON.parse(stdout) as { checks: { name: string; level: string; remedy: string }[] }
      return checks.find(({ name }) => name === 'backups')
    }
    expect(await look()).to.include({ level: 'ok' })
    await (await openDeployment(dir)).set('backup.recovery', undefined)
    expect(await look()).to.include({ level: 'warn' })
    expect((await look())?.remedy).to.include('vetrai backup recovery-key')
    await folder.remove()
  })
})

function target(state: Partial<TargetState>): TargetState {
  return {
    ...{ name: 'local', place: '/srv/shop/backups', reachable: true, writable: true, free_bytes: 10_000_000 },
    ...{ backups: 1, newest: null, problem: null },
    ...state,
  }
}
