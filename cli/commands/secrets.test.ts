import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { openDeployment } from '../deployment/deployment.js'
import { RotatingSecret } from '../deployment/rotating-secret.js'
import { GENERATED_SECRETS } from '../deployment/secrets.js'
import type { ListedSecret } from '../operations/secrets/list-secrets.js'
import { missingFields } from '../testing/documented.js'
import { type StubDeployment, stubDeployment } from '../testing/stub-deployment.js'

describe('vetrai secrets', () => {
  let test: StubDeployment

  before(async () => {
    test = await stubDeployment()
  })
  after(() => test.remove())

  const list = async (): Promise<ListedSecret[]> => {
    const run = await test.run('secrets list --json')
    expect(run.code, run.stderr).to.equal(0)
    expect(missingFields(['secrets', 'list'], run.json())).to.deep.equal([])
    return run.json<{ secrets: ListedSecret[] }>().secrets
  }
  const refusal = async (argv: string) => {
    const run = await test.run(`secrets rotate --json ${argv}`.trim())
    return { exit: run.code, code: run.json<{ error: { code: string } }>().error.code }
  }

  it('lists every secret there may be, what it is for and how it is replaced, while nothing runs', async () => {
    const secrets = await list()
    const names = secrets.map(({ name }) => name)
    expect(names).to.include.members([...GENERATED_SECRETS, 'jwt', 'encryption', 'smtp-password'])
    expect(new Set(names).size).to.equal(names.length)
    for (const { name, about, rotate, mode } of secrets) {
      expect(about, name).to.match(/^\w.*\w$/)
      expect(rotate, name).to.match(/vetrai (secrets rotate|up|users set-password)/)
      if (GENERATED_SECRETS.some((one) => one === name)) expect(mode, name).to.equal('0600')
    }
  })

  it('tells which ones this deployment uses', async () => {
    const used = async () => (await list()).filter((secret) => secret.used).map(({ name }) => name)
    expect(await used()).to.include.members(['redis-password', 'master-key', 'jwt'])
    expect(await used()).to.not.include.members(['grafana-admin-password', 'object-store-secret-key'])
    const deployment = await openDeployment(test.dir)
    await deployment.set('redis.url', 'redis://cache.internal:6379/0')
    expect(await used())
      .to.include('external-redis-password')
      .and.not.include('redis-password')
    await deployment.set('redis.url', undefined)
  })

  it('shows no value, as text or as JSON', async () => {
    const deployment = await openDeployment(test.dir)
    for (const argv of ['secrets list', 'secrets list --json']) {
      const { stdout } = await test.run(argv)
      expect(stdout).to.contain('master-key')
      for (const name of GENERATED_SECRETS) expect(stdout).to.not.contain(await deployment.secret(name))
    }
  })

  it('names what is half rotated, and so does the doctor', async () => {
    const deployment = await openDeployment(test.dir)
    const secret = new RotatingSecret(deployment.secrets, 'operator-token')
    const before = await secret.present()
    await secret.begin('vtr_at_other')
    expect((await list()).find(({ name }) => name === 'operator-token')).to.include({ previous_kept: true })
    expect((await test.run('secrets list')).stdout).to.match(/Half rotated: operator-token\. Run/)
    const { checks } = (await test.run('doctor --json')).json<{
      checks: { name: string; detail: string }[]
    }>()
    expect(checks.find(({ name }) => name === 'secrets')?.detail).to.contain('operator-token')
    await secret.exchange()
    await secret.end()
    expect(await secret.present()).to.equal(before)
  })

  it('has the doctor find a kept value that others may read', async () => {
    const folder = join(test.dir, 'secrets', 'previous')
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, 'redis-password.aside'), 'x', { mode: 0o644 })
    const { checks } = (await test.run('doctor --json')).json<{
      checks: { name: string; detail: string }[]
    }>()
    expect(checks.find(({ name }) => name === 'files')?.detail).to.contain('redis-password.aside')
  })

  it('asks for one name or for all, and takes --leaked for what signs only', async () => {
    for (const argv of ['', 'jwt --all', 'redis-password --leaked']) {
      expect(await refusal(argv)).to.deep.equal({ exit: 2, code: 'usage' })
    }
  })

  it('refuses what it does not know, does not use or did not make, and says how else', async () => {
    expect(await refusal('nonsense')).to.deep.equal({ exit: 2, code: 'secret_unknown' })
    expect(await refusal('grafana-admin-password')).to.deep.equal({ exit: 2, code: 'secret_unused' })
    expect(await refusal('smtp-password')).to.deep.equal({ exit: 2, code: 'secret_given' })
    expect(await refusal('operator-password')).to.deep.equal({ exit: 2, code: 'secret_given' })
    expect((await test.run('secrets rotate operator-password')).stderr).to.contain(
      'vetrai users set-password',
    )
  })

  it('rotates nothing of a deployment that does not run', async () => {
    const deployment = await openDeployment(test.dir)
    const before = await deployment.secret('database-app-password')
    expect(await refusal('database-app-password')).to.deep.equal({ exit: 3, code: 'not_ready' })
    expect(await deployment.secret('database-app-password')).to.equal(before)
  })
})
