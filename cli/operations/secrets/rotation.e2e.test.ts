import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { expectRejection } from '../../../test/expect-rejection.js'
import { silentProgress as silent } from '../../base/progress.js'
import type { Deployment } from '../../deployment/deployment.js'
import { rotatingSecrets } from '../../deployment/rotating-secret.js'
import { GENERATED_SECRETS, type GeneratedSecret } from '../../deployment/secrets.js'
import { acceptsPassword, roleOfSecret } from '../../runtimes/database-roles.js'
import { probeRedis } from '../../runtimes/embedded/redis-commands.js'
import { makeCredentials } from '../../testing/credentials.js'
import { walksEveryStep } from '../../testing/long-walk.js'
import { type RealDeployment, realDeployment } from '../../testing/real-deployment.js'
import { listSecrets } from './list-secrets.js'
import { rotateSecrets } from './rotate-secrets.js'
import { rotationHistory } from './rotation-history.js'
import { settleRotations } from './settle-rotations.js'

const PROGRAM = fileURLToPath(new URL('../../testing/killed-rotation.js', import.meta.url))
const FILES = [
  'postgres-superuser-password',
  'database-owner-password',
  'database-app-password',
  'database-system-password',
  'database-backup-password',
  'redis-password',
  'metrics-token',
  'operator-token',
  'backup-key',
  'master-key',
] as const satisfies readonly GeneratedSecret[]
/** Each is brought in its own way: by PostgreSQL, by Redis, by the server's start, by sealing what it opens anew. */
const DIFFERING = ['database-app-password', 'redis-password', 'operator-token', 'master-key'] as const
/** What the value before of is still good for: it opens what was sealed with it. */
const STAYS_GOOD: readonly GeneratedSecret[] = ['master-key', 'backup-key']
/** Steps a rotation of these notes: one as each begins, then begun, admitted, applied, verified and retired. */
const STEPS = FILES.length + 5

type Values = Record<string, string>

describe('rotating secrets of a deployment that runs', function () {
  this.timeout(120_000)
  let real: RealDeployment
  let deployment: Deployment
  const context = () => ({ deployment, runtime: real.runtime, progress: silent })
  const rotate = (name?: string, leaked = false) => rotateSecrets(context(), { name, leaked })

  before(async () => {
    real = await realDeployment()
    deployment = real.deployment
  })
  after(() => real.remove())

  const valuesNow = async (): Promise<Values> =>
    Object.fromEntries(
      await Promise.all(FILES.map(async (name) => [name, await deployment.secret(name)] as const)),
    )

  const accepts = async (name: GeneratedSecret, value: string): Promise<boolean> => {
    const { ports } = deployment.lock
    const role = roleOfSecret(deployment, name)
    if (role) return acceptsPassword(`postgres://127.0.0.1:${ports.postgres}/vetrai`, role, value)
    if (name === 'redis-password')
      return probeRedis({ host: '127.0.0.1', port: ports.redis ?? 0, password: value })
    if (STAYS_GOOD.includes(name)) return true
    // From afar: metrics are shown to everybody on the same host.
    const headers = { authorization: `Bearer ${value}`, 'x-forwarded-for': '203.0.113.9' }
    const path = name === 'metrics-token' ? '/metrics' : '/auth/v1/me'
    return (await fetch(deployment.localUrl + path, { headers })).ok
  }

  /** Everything takes the values of the files, and of these others none. */
  const expectInUse = async (others: Values, gone: readonly string[] = FILES) => {
    const present = await valuesNow()
    for (const name of FILES) {
      expect(await accepts(name, present[name] ?? ''), `${name} of the file`).to.equal(true)
      if (STAYS_GOOD.includes(name) || !gone.includes(name)) continue
      expect(present[name], name).to.not.equal(others[name])
      await eventuallyRefused(name, others[name] ?? '')
    }
    expect(await rotatingSecrets(deployment.secrets)).to.deep.equal([])
    const previous = join(deployment.paths.secrets, 'previous')
    const left = await readdir(previous, { recursive: true }).catch(() => [])
    expect(left.filter((path) => path !== 'server')).to.deep.equal([])
  }

  /** What is known of a token is at most 800 ms old. */
  const eventuallyRefused = async (name: GeneratedSecret, value: string) => {
    for (const deadline = Date.now() + 5_000; await accepts(name, value); )
      expect(Date.now(), `the ${name} before is still taken`).to.be.lessThan(deadline)
  }

  const pids = async () => {
    const { components } = await real.runtime.status(deployment)
    return Object.fromEntries(components.map(({ name, pid }) => [name, pid]))
  }

  for (const name of walksEveryStep ? FILES : DIFFERING) {
    it(`gives ${name} a new value, forgets the old one, and every credential stays good`, async () => {
      const [before, check, stores] = [await valuesNow(), await makeCredentials(deployment), await pids()]
      const report = await rotate(name)
      expect(report).to.deep.equal({ finished: [], undone: [], rotated: [{ name, detail: null }] })
      await expectInUse(before, [name])
      const after = await valuesNow()
      expect(Object.keys(after).filter((one) => after[one] !== before[one])).to.deep.equal([name])
      await check()
      const now = await pids()
      expect([now.postgres, now.redis]).to.deep.equal([stores.postgres, stores.redis])
      expect((await real.runtime.up(deployment, silent)).changed).to.equal(false)
    })
  }

  it('restarts nothing for passwords that no running program has', async () => {
    const before = await pids()
    await rotate('database-owner-password')
    await rotate('postgres-superuser-password')
    expect(await pids()).to.deep.equal(before)
  })

  it('starts on the new master key alone afterwards', async () => {
    await rotate('master-key')
    const check = await makeCredentials(deployment)
    await real.runtime.restart(deployment, 'server', silent)
    await check()
  })

  it('rotates everything with one restart, and the keys of the server after it', async () => {
    const [before, check, had] = [await valuesNow(), await makeCredentials(deployment), await pids()]
    const { rotated } = await rotate()
    expect(rotated.map(({ name }) => name)).to.deep.equal([...FILES, 'jwt', 'encryption'])
    expect(rotated.at(-1)?.detail).to.match(/^key 1 seals; \d+ values were sealed anew$/)
    await expectInUse(before)
    await check()
    const now = await pids()
    expect([now.postgres, now.redis]).to.deep.equal([had.postgres, had.redis])
    expect(now.server).to.not.equal(had.server)
  })

  it('ends what a leaked signing key vouched for', async () => {
    const token = await signIn(deployment)
    const me = async () =>
      (await fetch(`${deployment.localUrl}/auth/v1/me`, { headers: { authorization: `Bearer ${token}` } }))
        .status
    await rotate('jwt')
    expect(await me()).to.equal(200)
    await rotate('jwt', true)
    expect(await me()).to.equal(401)
  })

  it('is written down and listed, without any value', async () => {
    const { secrets } = await listSecrets(deployment)
    const redis = secrets.find(({ name }) => name === 'redis-password')
    expect(redis).to.include({ used: true, mode: '0600', previous_kept: false })
    expect(Date.parse(redis?.rotated_at ?? '')).to.be.closeTo(Date.now(), 120_000)
    expect(secrets.find(({ name }) => name === 'grafana-admin-password')).to.include({
      used: false,
      rotated_at: null,
    })
    const journal = await Promise.all(
      (await readdir(deployment.paths.journal)).map((file) =>
        readFile(join(deployment.paths.journal, file), 'utf8'),
      ),
    )
    for (const name of GENERATED_SECRETS) {
      const value = await deployment.secret(name)
      for (const text of [JSON.stringify(secrets), ...journal]) expect(text, name).to.not.contain(value)
    }
  })

  describe('where a step fails', () => {
    afterEach(() => real.startOnlyIf('true'))

    it('goes back to the values before, and says why', async () => {
      const [before, check] = [await valuesNow(), await makeCredentials(deployment)]
      const key = before['master-key']
      await real.startOnlyIf(`read(process.env.VETRAI_SECRET_FILE) === '${key}'`)
      await real.runtime.up(deployment, silent)
      const error = await expectRejection(rotate(), /values before are in use again/)
      expect(error).to.include({ code: 'rotation_failed' })
      expect(error.message).to.contain('this server does not start')
      expect(await valuesNow()).to.deep.equal(before)
      await expectInUse({}, [])
      await check()
      const history = await rotationHistory(deployment.journal)
      const entries = (await deployment.journal.entries()).filter(({ action }) => action === 'secrets-rotate')
      expect(entries.at(-1)).to.deep.include({ phase: 'failed', detail: { reason: 'rotation_failed' } })
      expect(history.get('redis-password')?.rotatedAt).to.not.equal(entries.at(-1)?.at)
    })

    it('keeps both values where going back fails too, and `up` settles it once the cause is gone', async () => {
      const [before, check] = [await valuesNow(), await makeCredentials(deployment)]
      await real.startOnlyIf('false')
      const error = await expectRejection(rotate('database-app-password'), /Going back failed too/)
      expect(error).to.include({ code: 'rotation_stuck' })
      expect(await rotatingSecrets(deployment.secrets)).to.deep.equal(['database-app-password'])
      expect((await listSecrets(deployment)).secrets.find((one) => one.previous_kept)?.name).to.equal(
        'database-app-password',
      )
      await real.startOnlyIf('true')
      const settled = await settleRotations(context(), 0)
      expect(settled).to.deep.equal({ finished: [], undone: ['database-app-password'] })
      expect(await valuesNow()).to.deep.equal(before)
      await expectInUse({}, [])
      await check()
    })

    it('does not begin while the deployment is not ready', async () => {
      const before = await valuesNow()
      await real.runtime.down(deployment, silent)
      const error = await expectRejection(rotate('redis-password'), /it is not ready/)
      expect(error).to.include({ code: 'not_ready', exitCode: 3 })
      expect(await valuesNow()).to.deep.equal(before)
      await real.runtime.up(deployment, silent)
    })

    it('gives Redis the password of its file where somebody wrote another one by hand', async () => {
      const had = await pids()
      await deployment.secrets.write('redis-password', 'e'.repeat(64))
      expect((await real.runtime.up(deployment, silent)).changed).to.equal(true)
      expect(await accepts('redis-password', 'e'.repeat(64))).to.equal(true)
      expect((await pids()).postgres).to.equal(had.postgres)
    })
  })

  describe('where the command is killed', () => {
    const killed = async (step: number, when: 'before' | 'after', ...more: string[]) => {
      const args = [PROGRAM, deployment.dir, real.server, String(step), when, ...more]
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] })
      const [, signal] = await once(child, 'exit')
      expect(signal, `step ${step}`).to.equal('SIGKILL')
    }
    const points = [
      [1, 'after'],
      [FILES.length + 2, 'before'],
      [STEPS, 'after'],
    ] as const
    const every = [
      [1, 'before'],
      [1, 'after'],
      [FILES.length, 'after'],
      ...Array.from({ length: STEPS - FILES.length }, (_, n) => [FILES.length + 1 + n, 'before'] as const),
      [STEPS, 'after'],
    ] as const

    for (const [step, when] of walksEveryStep ? every : points) {
      it(`ends with one value of each in use, killed ${when} step ${step}`, async () => {
        const [before, check] = [await valuesNow(), await makeCredentials(deployment)]
        await killed(step, when)
        // What an operator may do next: nothing, stop it, or see the machine go down.
        if (step % 2 === 0) await real.runtime.down(deployment, silent)
        const { finished, undone } = await settleRotations(context(), 0)
        expect(undone).to.deep.equal([])
        await real.runtime.up(deployment, silent)
        const after = await valuesNow()
        expect(FILES.filter((name) => after[name] !== before[name]).sort()).to.deep.equal(
          [...finished].sort(),
        )
        await expectInUse(before, finished)
        await check()
        expect((await real.runtime.up(deployment, silent)).changed).to.equal(false)
      })
    }

    it('rotates nothing twice in the next run', async () => {
      await killed(STEPS, 'before')
      const after = await valuesNow()
      const report = await rotate('redis-password')
      expect(report.rotated).to.deep.equal([])
      expect(report.finished).to.have.members(FILES)
      expect(await valuesNow()).to.deep.equal(after)
    })

    it('goes on where the one that settles is killed as well', async () => {
      const [before, check] = [await valuesNow(), await makeCredentials(deployment)]
      await killed(FILES.length + 2, 'after')
      await killed(2, 'after', 'settle')
      await killed(4, 'before', 'settle')
      expect((await settleRotations(context(), 0)).finished).to.have.members(FILES)
      await expectInUse(before)
      await check()
    })
  })
})

async function signIn(deployment: Deployment): Promise<string> {
  const response = await fetch(`${deployment.localUrl}/auth/v1/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      email: deployment.config.operator.email,
      password: await deployment.secret('operator-password'),
    }),
  })
  const { access_token } = (await response.json()) as { access_token: string }
  return access_token
}
