import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'
import type { CheckReport, CheckResult } from '../operations/run-checks.js'
import type { SupportBundle } from '../operations/support/make-bundle.js'
import type { RunningStory } from './deployment-story.js'

const run = promisify(execFile)

/** What finding out and mending is worth on a running deployment, whatever runs it. */
export function tellDiagnosis({ dir, url, vetrai, json, status }: RunningStory): void {
  it('says that the database accepts every password', async () => {
    expect(await signIn()).to.include({ level: 'ok' })
    expect(await json('secrets', 'repair')).to.include({ changed: false })
  })

  it('finds a password that the database refuses, and shows none', async () => {
    await replaceSecret('database-app-password')
    const finding = await signIn()
    expect(finding).to.include({ level: 'fail' })
    expect(finding.detail).to.include('database-app-password is refused')
    expect(finding.remedy).to.include('vetrai secrets repair')
    for (const secret of await secrets()) expect(JSON.stringify(finding)).not.to.include(secret)
  })

  it('mends it, and the server goes on with it', async () => {
    const { changed, secrets: after } = await json<{
      changed: boolean
      secrets: { secret: string; was_accepted: boolean; accepted: boolean }[]
    }>('secrets', 'repair')
    expect(changed).to.equal(true)
    expect(after.filter(({ was_accepted }) => !was_accepted).map(({ secret }) => secret)).to.deep.equal([
      'database-app-password',
    ])
    expect(await signIn()).to.include({ level: 'ok' })
    expect((await status()).ready).to.equal(true)
    expect((await fetch(`${url()}/readyz`)).status).to.equal(200)
    expect(await json('tenants', 'info', 'acme')).to.include({ slug: 'acme' })
  })

  it('repairs nothing with a superuser that is refused, and says so', async () => {
    const kept = await replaceSecret('postgres-superuser-password')
    const finding = await signIn()
    expect(finding.remedy).to.include('backup').and.not.include('repair secrets')
    const refused = await vetrai('secrets', 'repair', '--json')
    expect(refused.code).to.equal(1)
    expect(refused.json<{ error: { code: string } }>().error.code).to.equal('secrets_not_repaired')
    await writeFile(join(dir(), 'secrets/postgres-superuser-password'), kept)
    expect(await signIn()).to.include({ level: 'ok' })
  })

  it('packs a bundle with the log of each component, and no secret', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'vetrai-bundle-'))
    const file = join(folder, 'bundle.tar.gz')
    const { contents, missing } = await json<SupportBundle & { id: string }>(
      'support',
      'bundle',
      '--output',
      file,
    )
    expect(missing).to.deep.equal([])
    const logs = (await status()).components.map(({ name }) => `logs/${name}.log`)
    expect(contents.map(({ path }) => path)).to.include.members(['migrations.json', 'readyz.json', ...logs])
    for (const log of logs) expect(contents.find(({ path }) => path === log)?.bytes, log).to.be.greaterThan(0)
    const { stdout } = await run('tar', ['-xzOf', file], { maxBuffer: 256 * 1024 * 1024 })
    expect(stdout).to.include('"ready": true')
    for (const secret of await secrets()) expect(stdout.includes(secret), 'a secret').to.equal(false)
    await rm(folder, { recursive: true })
  })

  async function signIn(): Promise<CheckResult> {
    const { checks } = (await vetrai('doctor', '--json')).json<CheckReport & Record<string, unknown>>()
    const found = checks.find(({ name }) => name === 'sign-in')
    if (!found) throw new Error(`the doctor did not try to sign in: ${JSON.stringify(checks)}`)
    return found
  }

  /** Puts another value into a secret, with owner and mode as they are, and answers what it was. */
  async function replaceSecret(name: string): Promise<string> {
    const path = join(dir(), 'secrets', name)
    const before = await readFile(path, 'utf8')
    await writeFile(path, before.split('').reverse().join('').trim().padStart(64, '0'))
    return before
  }

  async function secrets(): Promise<string[]> {
    const folder = join(dir(), 'secrets')
    const entries = await readdir(folder, { withFileTypes: true })
    const files = entries.filter((entry) => entry.isFile())
    return Promise.all(files.map(async ({ name }) => (await readFile(join(folder, name), 'utf8')).trim()))
  }
}
