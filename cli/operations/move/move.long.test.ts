import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { createDeployment } from '../../deployment/create-deployment.js'
import type { Deployment } from '../../deployment/deployment.js'
import { findFreePort } from '../../deployment/free-port.js'
import { missingFields } from '../../testing/documented.js'
import { type LoopbackSshd, loopbackSshd } from '../../testing/loopback-sshd.js'
import { runVetrai, type VetraiRun } from '../../testing/run-vetrai.js'
import { temporaryFolder } from '../../testing/temporary-folder.js'
import { isOlder } from './check-remote.js'
import type { MoveResult } from './move-result.js'
import { movedMessage } from './move-steps.js'
import { quote } from './remote-host.js'
import { checkOptions, parseDestination, sshArguments } from './ssh-destination.js'

const STEPS = ['check', 'rehearse', 'close', 'final-backup', 'send', 'restore', 'compare', 'open', 'leave']

describe('the way to another host', () => {
  it('takes addresses as ssh does, and nothing that ssh could take for an option', () => {
    expect(parseDestination('ops@new.example.com:2222')).to.deep.equal({
      host: 'ops@new.example.com',
      port: 2222,
    })
    expect(parseDestination('root@[2001:db8::7]')).to.deep.equal({ host: 'root@2001:db8::7', port: null })
    for (const wrong of ['-oProxyCommand=x', 'a b', 'root@-x', 'host:0', 'host:99999', "h'", '', 'a@b@c'])
      expect(() => parseDestination(wrong), wrong).to.throw('is no address of a host')
    expect(() => checkOptions(['-v'])).to.throw('is no option of ssh')
    const given = { host: 'h', port: null, identity: null, options: ['StrictHostKeyChecking=no'] }
    const argv = sshArguments(given)
    expect(argv.indexOf('StrictHostKeyChecking=yes')).to.be.lessThan(argv.indexOf('StrictHostKeyChecking=no'))
    expect(argv.slice(-2)).to.deep.equal(['--', 'h'])
    expect(quote("it's $HOME")).to.equal(`'it'\\''s $HOME'`)
  })

  it('knows an older version, and which address is one to tell', () => {
    expect([isOlder('1.2.3', '1.10.0'), isOlder('2.0.0', '1.9.9'), isOlder('1.0.0', '1.0.0')]).to.deep.equal([
      true,
      false,
      false,
    ])
    expect(movedMessage('https://b.example', 'https://a.example')).to.include('https://b.example')
    for (const url of ['https://a.example', 'http://127.0.0.1:8000', '', undefined])
      expect(movedMessage(url, 'https://a.example')).to.include('another host')
  })
})

describe('vetrai move', function () {
  this.timeout(240_000)
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let sshd: LoopbackSshd
  let deployment: Deployment
  let old: string
  let there: string
  let key: string
  let begun = false

  const vetrai = (...argv: string[]) => runVetrai(argv)
  const ok = async <T = Record<string, string>>(...argv: string[]): Promise<T> => {
    const done = await vetrai(...argv, '--json')
    expect(done.code, `${argv.join(' ')}: ${done.stdout}${done.stderr}`).to.equal(0)
    return done.json<T>()
  }
  const argvOf = (...more: string[]) => [
    ...['move', '--dir', old, '--to', sshd.destination, ...sshd.flags],
    ...['--remote-dir', there, '--remote-vetrai', sshd.vetrai, '--confirm', 'shop', '--json', ...more],
  ]
  const problem = (done: VetraiRun) => done.json<{ error: Record<string, string> }>().error

  before(async function () {
    folder = await temporaryFolder()
    const made = await loopbackSshd(join(folder.path, 'ssh'))
    if (typeof made === 'string') {
      process.stderr.write(`left out: moves over ssh, as ${made}\n`)
      return this.skip()
    }
    sshd = made
    old = join(folder.path, 'old')
    there = join(folder.path, 'other host', 'new')
    const settings = { RATE_LIMIT_FACTOR: 1000, AUTH_BCRYPT_COST: 4 }
    deployment = await createDeployment(old, {
      config: { name: 'shop', port: await findFreePort(), settings },
    })
    begun = true
    await ok('up', '--dir', old)
    await ok('tenants', 'create', 'acme', '--dir', old)
    const named = ['--name', 'writer', '--scopes', 'notifications:write,notifications:read']
    key = (await ok('keys', 'create', '--tenant', 'acme', ...named, '--dir', old)).key ?? ''
  })
  after(async () => {
    if (begun) {
      await vetrai('uninstall', '--confirm', 'shop', '--dir', old)
      await vetrai('uninstall', '--confirm', 'shop', '--dir', there)
    }
    await sshd?.stop()
    await folder.remove()
  })

  /** Ids of subscribers that the server has acknowledged, written until told to stop. */
  function writer(url: string) {
    const acknowledged: string[] = []
    let on = true
    const loop = async () => {
      for (let count = 0; on; count++) {
        const answer = await write(url, `customer-${count}`).catch(() => undefined)
        if (answer?.ok) acknowledged.push(((await answer.json()) as { id: string }).id)
        else await new Promise((resolve) => setTimeout(resolve, 20))
      }
    }
    const done = loop()
    return {
      acknowledged,
      stop: () => {
        on = false
        return done
      },
    }
  }

  const write = (url: string, id: string) =>
    fetch(`${url}/notifications/v1/subscribers`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
      body: JSON.stringify({ external_id: id }),
    })

  const serves = async () => (await write(deployment.localUrl, 'probe')).status < 300
  const state = () => readFile(join(old, 'move.json'), 'utf8').catch(() => undefined)
  const leftThere = () => readdir(join(folder.path, 'other host')).catch(() => [])

  it('refuses a host whose key is another, one without VetrAI, and a directory that is not empty', async () => {
    const cases: [string[], string, number][] = [
      [['--to', sshd.destination, ...sshd.flagsOfStranger], 'ssh_host_key', 4],
      [
        ['--to', sshd.destination, ...sshd.flags, '--remote-vetrai', '/nowhere/vetrai'],
        'remote_without_vetrai',
        4,
      ],
      [
        ['--to', sshd.destination, ...sshd.flags, '--remote-vetrai', sshd.vetrai, '--remote-dir', old],
        'remote_dir_occupied',
        4,
      ],
    ]
    for (const [argv, code, exit] of cases) {
      const done = await vetrai('move', '--dir', old, ...argv, '--confirm', 'shop', '--json')
      expect([done.code, problem(done).code], done.stdout).to.deep.equal([exit, code])
      expect(problem(done).message).to.include('Nothing was moved')
      expect([await serves(), await state(), await leftThere()]).to.deep.equal([true, undefined, []])
    }
    expect((await vetrai('move', '--dir', old, '--cancel')).code).to.equal(2)
    expect((await vetrai('move', '--dir', old, '--to', 'h', '--confirm', 'wrong')).code).to.equal(4)
  })

  it('serves on where the connection is cut in the middle of sending', async () => {
    await sshd.cutNext(1)
    const done = await runVetrai(argvOf('--no-rehearsal'))
    expect([done.code, problem(done).code], done.stdout + done.stderr).to.deep.equal([3, 'ssh_failed'])
    expect([await serves(), await state(), await leftThere()]).to.deep.equal([true, undefined, []])
  })

  it('serves on where the operator ends it', async () => {
    for (const step of ['final-backup', 'restore']) {
      const ended = { killedWhen: await begins(step), killedBy: 'SIGTERM' as const }
      const done = await runVetrai(argvOf('--no-rehearsal'), ended)
      expect([done.code, problem(done).code], done.stdout + done.stderr).to.deep.equal([1, 'interrupted'])
      expect([await serves(), await state(), await leftThere()], step).to.deep.equal([true, undefined, []])
    }
  })

  it('goes on after kill -9 at each step, back where that is asked for, and loses nothing acknowledged', async () => {
    const written = writer(deployment.localUrl)
    for (const step of STEPS) {
      // One rehearsal is enough.
      await (step === 'close' ? killedAt(step) : killedAt(step, '--no-rehearsal'))
      expect(await state(), step).to.be.a('string')
      if (step !== 'final-backup') continue
      expect(await ok('move', '--cancel', '--dir', old)).to.include({ phase: 'cancelled' })
      expect([await serves(), await state()]).to.deep.equal([true, undefined])
    }
    const result = (await mustEnd(runVetrai(argvOf()))).json<MoveResult>()
    await written.stop()
    expect(missingFields(['move'], result)).to.deep.equal([])
    expect(result).to.include({ phase: 'moved', dir: there, left_on_host: null, after: 'maintenance' })
    expect(await leftThere()).to.deep.equal(['new'])

    expect(written.acknowledged.length).to.be.greaterThan(20)
    for (const id of written.acknowledged) expect(await subscriber(result.url ?? '', id), id).to.equal(200)
    const refused = await write(deployment.localUrl, 'late')
    expect([refused.status, ((await refused.json()) as { detail: string }).detail]).to.deep.equal([
      503,
      'This service has moved to another host, which this address will lead to shortly.',
    ])
    expect((await write(result.url ?? '', 'new')).ok).to.equal(true)
    await noSecret()
  })

  it('says the same when it is repeated, and does not go back once the other one serves', async () => {
    expect((await mustEnd(runVetrai(argvOf()))).json<MoveResult>()).to.include({ phase: 'moved', dir: there })
    const back = await vetrai('move', '--cancel', '--dir', old, '--json')
    expect([back.code, problem(back).code]).to.deep.equal([4, 'move_too_late'])
  })

  it('closes and writes an archive for a host without ssh, until it is told to go back or that it serves there', async () => {
    const file = join(folder.path, 'shop.tar')
    const byArchive = ['move', '--archive', file, '--confirm', 'shop', '--dir', there]
    const closed = await vetrai(...byArchive)
    expect(closed.code, closed.stderr).to.equal(0)
    expect(closed.stdout).to.include('vetrai restore shop.tar').and.include('--done')
    expect(await ok<MoveResult>(...byArchive)).to.include({ phase: 'archived', file })
    const checked = ['restore', file, '--identity-file', join(there, 'secrets', 'backup-key'), '--dry-run']
    expect(await ok(...checked, '--dir', join(folder.path, 'third'))).to.include({ creates: true })
    await ok('move', '--cancel', '--dir', there)
    expect((await ok<{ on: boolean }>('maintenance', 'status', '--dir', there)).on).to.equal(false)
    expect((await vetrai(...byArchive)).code).to.equal(4)

    await ok(...byArchive.map((word) => (word === file ? `${file}.2` : word)))
    const url = 'https://new.example.com'
    expect(await ok<MoveResult>('move', '--done', '--url', url, '--dir', there)).to.include({
      phase: 'moved',
      url,
    })
    expect((await ok('maintenance', 'status', '--dir', there)).message).to.include(url)
  })

  /** Runs it until the journal begins a step, and kills it there as a power cut would. */
  async function killedAt(step: string, ...flags: string[]): Promise<void> {
    const done = await runVetrai(argvOf(...flags), { killedWhen: await begins(step) })
    expect(done.code, `${step}: ${done.stdout}${done.stderr}`).to.equal(null)
  }

  /** Tells whether the journal has begun a step since. */
  async function begins(step: string): Promise<() => boolean> {
    const seen = (await steps()).length
    let begun = false
    let looking = false
    return () => {
      if (looking) return begun
      looking = true
      void steps().then((all) => {
        begun ||= all.slice(seen).includes(step)
        looking = false
      })
      return begun
    }
  }

  async function steps(): Promise<string[]> {
    const lines = await deployment.journal.entries(10_000)
    return lines.flatMap(({ action, detail }) => (action === 'move' ? [String(detail?.step ?? '')] : []))
  }

  async function mustEnd(run: Promise<VetraiRun>): Promise<VetraiRun> {
    const done = await run
    expect(done.code, done.stdout + done.stderr).to.equal(0)
    return done
  }

  async function subscriber(url: string, id: string): Promise<number> {
    const path = `${url}/notifications/v1/subscribers/${id}`
    return (await fetch(path, { headers: { authorization: `Bearer ${key}` } })).status
  }

  /** Neither the state nor the journal holds what opens the archive. */
  async function noSecret(): Promise<void> {
    const backupKey = (await deployment.secret('backup-key')).trim()
    const journal = JSON.stringify(await deployment.journal.entries(10_000))
    expect(`${await state()}${journal}`).to.not.include(backupKey)
  }
})
