import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { appendFile, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { openDeployment } from '../../deployment/deployment.js'
import { runCli } from '../../testing/run-cli.js'
import { type StubDeployment, stubDeployment } from '../../testing/stub-deployment.js'
import type { SupportBundle } from './make-bundle.js'

const unpack = promisify(execFile)

/** Things of each kind that must not leave the host, each recognisable by its own word. */
const CANARIES = {
  token: `vtr_live_${'C4narytoken'.repeat(3)}abc`,
  jwt: 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.canaryjwtsignature0000',
  url: 'postgres://app:canary-url-words@db.internal:5432/x',
  header: 'Authorization: Bearer canary-header-words',
  mail: 'canary.person@customers.example',
  smtp: 'canary smtp+pass/word"ü',
  setting: 'canary-setting-words',
  field: '{"password":"canary-field-words"}',
}
const LINE = Object.values(CANARIES).join(' ; ')
/** What of them would tell. */
const TELLING =
  /C4narytoken|canaryjwtsignature|canary-url-words|canary-header-words|canary\.person|canary smtp|canary-setting-words|canary-field-words/

describe('a support bundle', () => {
  let stub: StubDeployment
  let files: Map<string, string>
  let bundle: SupportBundle
  let secrets: string[]

  before(async () => {
    stub = await stubDeployment('helped')
    await sow(stub.dir)
    stub.stub.on('GET /readyz', { body: { ready: false, why: LINE } })
    secrets = await secretsOf(stub.dir)
    const output = join(stub.dir, '..', 'bundle.tar.gz')
    const run = await stub.run(['support', 'bundle', '--json', '--output', output])
    expect(run.code, run.stdout + run.stderr).to.equal(0)
    bundle = run.json<SupportBundle & Record<string, unknown>>()
    files = await filesOf(output)
  })
  after(() => stub.remove())

  it('holds everything that somebody needs who helps, and says what is missing and why', () => {
    expect([...files.keys()].sort()).to.deep.equal(
      [
        ...['manifest.json', 'versions.json', 'doctor.json', 'status.json', 'readyz.json', 'vetrai.yml'],
        ...['lock.json', 'compose.yaml', 'journal.jsonl', 'logs/postgres.log', 'logs/redis.log'],
        ...['logs/server.log', 'logs/supervisor.log'],
      ].sort(),
    )
    expect(bundle.missing.map(({ path }) => path)).to.deep.equal(['migrations.json'])
    expect(bundle.missing[0]?.reason).to.include('not running')
    expect(JSON.parse(text('doctor.json'))).to.have.property('checks')
    expect(JSON.parse(text('status.json'))).to.include({ name: 'helped', ready: false })
    expect(JSON.parse(text('readyz.json'))).to.include({ status: 200 })
    expect(JSON.parse(text('versions.json'))).to.include({ node: process.versions.node })
  })

  it('lists itself in a manifest that proves each file', () => {
    const { contents, missing } = JSON.parse(text('manifest.json')) as SupportBundle
    expect({ contents, missing }).to.deep.equal({ contents: bundle.contents, missing: bundle.missing })
    expect(contents.map(({ path }) => path).sort()).to.deep.equal(
      [...files.keys()].filter((path) => path !== 'manifest.json').sort(),
    )
    for (const { path, sha256, bytes } of contents) {
      expect(createHash('sha256').update(text(path)).digest('hex'), path).to.equal(sha256)
      expect(Buffer.byteLength(text(path)), path).to.equal(bytes)
    }
  })

  it('holds no secret in any form, and nothing that looks like one', () => {
    expect(secrets).to.have.length.of.at.least(12)
    for (const [path, content] of files) {
      expect(content, path).not.to.match(TELLING)
      for (const secret of secrets) {
        for (const form of [
          secret,
          encodeURIComponent(secret),
          Buffer.from(secret).toString('base64').replace(/=+$/, ''),
        ]) {
          expect(content.includes(form), `${path} holds a secret`).to.equal(false)
        }
      }
    }
  })

  it('keeps what tells the cause: the newest lines and entries, in order', () => {
    const lines = text('logs/server.log').trimEnd().split('\n')
    expect(lines).to.have.length(2_000)
    expect(lines.at(-1)).to.include('"msg":"line 2999"')
    expect(text('logs/postgres.log')).to.include(
      'FATAL:  password authentication failed for user "vetrai_app"',
    )
    const entries = text('journal.jsonl').trimEnd().split('\n')
    expect(entries).to.have.length(200)
    expect(JSON.parse(entries.at(-1) ?? '')).to.include({ phase: 'failed' })
    expect(text('vetrai.yml')).to.include('# The first super_admin.').and.include('name: helped')
  })

  it('is for its owner’s eyes only, and never overwrites a file', async () => {
    expect((await stat(bundle.file)).mode & 0o777).to.equal(0o600)
    const again = await stub.run(['support', 'bundle', '--json', '--output', bundle.file])
    expect(again.code).to.equal(4)
    expect(again.json<{ error: { code: string } }>().error.code).to.equal('file_exists')
    expect((await stat(bundle.file)).size).to.equal(bundle.bytes)
  })

  it('leaves nothing behind where it cannot be written', async () => {
    const run = await stub.run([
      'support',
      'bundle',
      '--json',
      '--output',
      join(stub.dir, 'no/such/folder.tar.gz'),
    ])
    expect(run.json<{ error: { code: string } }>().error.code).to.equal('output_unwritable')
    expect(await readdir(stub.dir)).not.to.include('no')
  })

  it('can be had of a deployment whose configuration is broken', async () => {
    const broken = await stubDeployment('broken')
    const path = join(broken.dir, 'vetrai.yml')
    await writeFile(path, `${await readFile(path, 'utf8')}\ncolour: ${CANARIES.url}\n`)
    const output = join(broken.dir, 'bundle.tar.gz')
    const run = await broken.run(['support', 'bundle', '--json', '--output', output])
    expect(run.code, run.stdout + run.stderr).to.equal(0)
    const found = await filesOf(output)
    expect([...found.keys()]).to.include.members(['doctor.json', 'vetrai.yml', 'lock.json', 'versions.json'])
    expect(found.get('doctor.json')).to.include('colour')
    for (const content of found.values()) expect(content).not.to.match(TELLING)
    expect(run.json<SupportBundle & Record<string, unknown>>().missing[0]?.reason).to.include('colour')
    await broken.remove()
  })

  it('is refused where there is no deployment', async () => {
    const run = await runCli(['support', 'bundle', '--dir', join(stub.dir, 'none')])
    expect(run.code).to.equal(3)
    expect(run.stderr).to.include('vetrai init')
  })

  function text(path: string): string {
    const found = files.get(path)
    if (found === undefined) throw new Error(`the bundle holds no ${path}`)
    return found
  }
})

/** Puts canaries wherever a bundle takes something from. */
async function sow(dir: string): Promise<void> {
  const deployment = await openDeployment(dir)
  const { paths, secrets, journal } = deployment
  await secrets.write('smtp-password', CANARIES.smtp)
  await deployment.setMany({
    'settings.SMS_TWILIO_TOKEN': CANARIES.setting,
    'operator.email': CANARIES.mail,
    'mail.from': `Shop <${CANARIES.mail}>`,
    'mail.smtp.host': '127.0.0.1',
    'mail.smtp.port': 9,
    'mail.smtp.user': CANARIES.mail,
  })
  await appendFile(paths.config, `\n# ${LINE}\n`)
  const told = [LINE, CANARIES.setting, ...(await allForms(await secretsOf(dir)))].join('\n')
  await mkdir(paths.logs, { recursive: true })
  const serverLines = Array.from({ length: 3_000 }, (_, n) => JSON.stringify({ msg: `line ${n}`, x: LINE }))
  await writeFile(join(paths.logs, 'server.log'), `${serverLines.join('\n')}\n`)
  const refused =
    '2026-11-22 20:43:50.123 UTC [71] FATAL:  password authentication failed for user "vetrai_app"'
  await writeFile(join(paths.logs, 'postgres.log'), `${told}\n${refused}\n`)
  await writeFile(join(paths.logs, 'supervisor.log'), told)
  await writeFile(
    paths.compose,
    `services:\n  server:\n    environment: { A_PASSWORD: ${CANARIES.setting} }\n`,
  )
  for (let n = 0; n < 120; n++) {
    const work = journal.record('up', async (step) => {
      await step({ told })
      throw new Error(LINE)
    })
    await work.catch(() => undefined)
  }
}

async function secretsOf(dir: string): Promise<string[]> {
  const folder = join(dir, 'secrets')
  const texts = await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name), 'utf8')))
  return texts.map((text) => text.trim())
}

async function allForms(secrets: string[]): Promise<string[]> {
  return secrets.flatMap((secret) => [
    secret,
    encodeURIComponent(secret),
    Buffer.from(secret).toString('base64'),
    Buffer.from(`user:${secret}`).toString('base64'),
    JSON.stringify({ secret }),
  ])
}

/** Every file of an archive by its path below the archive's one folder. */
async function filesOf(archive: string): Promise<Map<string, string>> {
  const folder = `${archive}.unpacked`
  await mkdir(folder)
  await unpack('tar', ['-xzf', archive, '-C', folder])
  const [top = ''] = await readdir(folder)
  const entries = await readdir(join(folder, top), { recursive: true, withFileTypes: true })
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const texts = await Promise.all(paths.map(async (path) => [path, await readFile(path, 'utf8')] as const))
  return new Map(texts.map(([path, text]) => [path.slice(join(folder, top).length + 1), text]))
}
