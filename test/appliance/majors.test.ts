import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { initAppliance, ok, useAppliance } from './deployment.js'
import { docker, idsOf } from './docker.js'
import { engineEnv, imageOverrides } from './engine.js'

const run = promisify(execFile)
const NEWER = imageOverrides().postgres.replace(/postgres$/, 'postgres-18')

describe('an image with another PostgreSQL major', function () {
  this.timeout(300_000)
  const { name, project, folder, dir, vetrai } = useAppliance('majors')
  const volume = `${project}-postgres`

  before(async () => {
    await initAppliance(vetrai, name, ['--objects', 'file'])
    await ok(vetrai('up'))
    await ok(vetrai('tenants', 'create', 'acme'))
  })
  after(() => docker('volume', 'rm', '--force', `${volume}-old`))

  it('is refused before anything is touched, with the way on', async () => {
    const before = await idsOf(project)
    await ok(vetrai('config', 'set', 'images.postgres', NEWER))
    const refused = await vetrai('up', '--json')
    expect(refused.code).to.equal(4)
    expect(refused.stdout).to.include('postgres_major').and.include('docs/operations.md')
    expect(await idsOf(project)).to.deep.equal(before)
    expect((await ok(vetrai('tenants', 'info', 'acme', '--json'))).json()).to.include({ slug: 'acme' })
  })

  it('is taken by the steps that docs/operations.md tells, the old data kept', async () => {
    const document = await readFile(new URL('../../../docs/operations.md', import.meta.url), 'utf8')
    const [, commands = ''] =
      /\*\*A new PostgreSQL major\.\*\*[\s\S]*?```sh\n([\s\S]*?)```/.exec(document) ?? []
    const steps = commands
      .replaceAll('vetrai-NAME-postgres', volume)
      .replaceAll(/pgvector\/pgvector\S+/g, NEWER)
      .replaceAll('IMAGE', imageOverrides().postgres)
    // The image is the old one until the document says otherwise.
    await ok(vetrai('config', 'set', 'images.postgres', imageOverrides().postgres))
    const script = join(folder(), 'steps.sh')
    await writeFile(script, `set -euo pipefail\nvetrai() { "$NODE" "$VETRAI" "$@"; }\n${steps}`)
    const launcher = new URL('../../../bin/vetrai', import.meta.url).pathname
    const env = {
      ...engineEnv(),
      NODE: process.execPath,
      VETRAI: launcher,
      VETRAI_DIR: dir(),
      VETRAI_SKIP_BUILD: '1',
    }
    await run('bash', [script], { env, cwd: folder() })
    const version = await docker(
      'exec',
      `${project}-postgres-1`,
      'cat',
      '/var/lib/postgresql/data/cluster/PG_VERSION',
    )
    expect(version).to.equal('18')
    expect((await ok(vetrai('tenants', 'info', 'acme', '--json'))).json()).to.include({ slug: 'acme' })
    expect((await ok(vetrai('audit', 'verify', '--json'))).json()).to.include({ ok: true })
    expect((await ok(vetrai('up', '--json'))).json()).to.include({ changed: false })
  })
})
