import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { type Deployment, openDeployment } from '../../cli/deployment/deployment.js'
import { rotatingSecrets } from '../../cli/deployment/rotating-secret.js'
import type { SecretName } from '../../cli/deployment/secrets.js'
import type { RotationReport } from '../../cli/operations/secrets/rotate-secrets.js'
import { acceptsPassword } from '../../cli/runtimes/compose/accepted-secrets.js'
import { roleOfSecret } from '../../cli/runtimes/database-roles.js'
import { makeCredentials } from '../../cli/testing/credentials.js'
import { runVetrai } from '../../cli/testing/run-vetrai.js'
import { temporaryFolder } from '../../cli/testing/temporary-folder.js'
import { initAppliance, ok, secretsOf, type Vetrai, vetraiIn } from './deployment.js'
import { containersOf, docker, idsOf, serviceOf } from './docker.js'
import { engineEnv } from './engine.js'

const NAME = 'rotation'
const PROJECT = `vetrai-${NAME}`
const ROLES = [
  'postgres-superuser-password',
  'database-owner-password',
  'database-app-password',
  'database-system-password',
  'database-monitor-password',
  'database-backup-password',
] as const satisfies readonly SecretName[]
const OTHERS = [
  ...['redis-password', 'object-store-secret-key', 'metrics-token', 'operator-token', 'master-key'],
  'backup-key',
]

describe('rotating secrets of an appliance', function () {
  this.timeout(300_000)
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let dir: string
  let vetrai: Vetrai
  let deployment: Deployment
  const environment = { ...process.env }

  before(async () => {
    Object.assign(process.env, engineEnv())
    folder = await temporaryFolder()
    dir = join(folder.path, NAME)
    vetrai = vetraiIn(dir)
    await initAppliance(vetrai, NAME)
    await ok(vetrai('config', 'set', 'monitoring.prometheus', 'true'))
    await ok(vetrai('config', 'set', 'settings.AUTH_BCRYPT_COST', '4'))
    await ok(vetrai('up'))
    deployment = await openDeployment(dir)
  })
  after(async () => {
    await vetrai('uninstall', '--confirm', NAME, '--quiet')
    await folder.remove()
    for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name]
    Object.assign(process.env, environment)
  })

  const redisSays = async (password: string): Promise<string> => {
    const redis = (await containersOf(PROJECT)).find((one) => serviceOf(one) === 'redis')
    const ask = `REDISCLI_AUTH=${password} "$(command -v valkey-cli || command -v redis-cli)" ping 2>&1`
    return docker('exec', redis?.Id ?? '', 'sh', '-c', ask)
  }

  /** Every store takes the value of its file and not that of before, everything is well, and nothing is left to do. */
  const expectRotated = async (before: Record<string, string>) => {
    const after = await secretsOf(dir)
    for (const name of ROLES) {
      const role = roleOfSecret(deployment, name)
      if (!role) throw new Error(`no role has ${name}`)
      expect(await acceptsPassword(deployment, role, after[name] ?? ''), name).to.equal(true)
      expect(await acceptsPassword(deployment, role, before[name] ?? ''), `${name} of before`).to.equal(false)
    }
    expect(await redisSays(after['redis-password'] ?? '')).to.equal('PONG')
    expect(await redisSays(before['redis-password'] ?? '')).to.contain('WRONGPASS')
    for (const name of [...ROLES, ...OTHERS]) expect(after[name], name).to.not.equal(before[name])
    for (const one of await containersOf(PROJECT))
      expect(one.State.Health?.Status ?? 'healthy', serviceOf(one)).to.equal('healthy')
    expect(await rotatingSecrets(deployment.secrets)).to.deep.equal([])
    expect((await ok(vetrai('up', '--json'))).json()).to.include({ changed: false })
  }

  it('gives all of them new values with one making anew of what mounts them, and credentials stay good', async () => {
    const [before, check, ids] = [
      await secretsOf(dir),
      await makeCredentials(deployment),
      await idsOf(PROJECT),
    ]
    const { rotated } = (await ok(vetrai('secrets', 'rotate', '--all', '--json'))).json<
      RotationReport & Record<string, unknown>
    >()
    expect(rotated.map(({ name }) => name)).to.have.members([...ROLES, ...OTHERS, 'jwt', 'encryption'])
    await expectRotated(before)
    await check()
    const now = await idsOf(PROJECT)
    expect(now.proxy).to.equal(ids.proxy)
    for (const name of ['server', 'redis', 'object-store']) expect(now[name], name).to.not.equal(ids[name])
    const jobs = (await ok(vetrai('jobs', 'list', '--json'))).json<{
      data: { kind: string; status: string }[]
    }>()
    expect(jobs.data.find(({ kind }) => kind === 'kernel.reseal')).to.include({ status: 'succeeded' })
  })

  it('makes nothing anew for a password that no container has', async () => {
    const ids = await idsOf(PROJECT)
    await ok(vetrai('secrets', 'rotate', 'database-owner-password'))
    expect(await idsOf(PROJECT)).to.deep.equal(ids)
  })

  it('opens the database with the new master key alone', async () => {
    const check = await makeCredentials(deployment)
    await ok(vetrai('secrets', 'rotate', 'master-key'))
    await ok(vetrai('restart', 'server'))
    await check()
  })

  for (const step of ['begun', 'admitted', 'applied']) {
    it(`is settled by \`up\` where the command was killed after the step ${step}`, async () => {
      const [before, check] = [await secretsOf(dir), await makeCredentials(deployment)]
      const since = stepsIn(dir).length
      const run = await runVetrai(['secrets', 'rotate', '--all', '--dir', dir], {
        env: engineEnv(),
        killedWhen: () => stepsIn(dir).slice(since).includes(step),
      })
      expect(run.code, `${run.stdout}${run.stderr}`).to.equal(null)
      expect((await ok(vetrai('up', '--json'))).json()).to.include({ changed: true })
      await expectRotated(before)
      await check()
    })
  }

  it('shows no secret, old or new, to whoever inspects containers and images', async () => {
    const shown = JSON.stringify(await containersOf(PROJECT))
    for (const [name, value] of Object.entries(await secretsOf(dir))) {
      expect(shown.includes(value), `the secret ${name} is shown`).to.equal(false)
    }
  })
})

/** The steps that rotations noted in the journal. */
function stepsIn(dir: string): string[] {
  const folder = join(dir, 'journal')
  return readdirSync(folder)
    .flatMap((file) => readFileSync(join(folder, file), 'utf8').split('\n'))
    .flatMap((line) => {
      const step = line.includes('"secrets-rotate"') ? /"step":"([a-z-]+)"/.exec(line)?.[1] : undefined
      return step === undefined ? [] : [step]
    })
}
