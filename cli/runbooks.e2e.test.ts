import { execFile } from 'node:child_process'
import { cp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { openDeployment } from './deployment/deployment.js'
import { findFreePort } from './deployment/free-port.js'
import { makeCredentials } from './testing/credentials.js'
import {
  backUp,
  expectSettled,
  type LivingDeployment,
  livingDeployment,
  slugsIn,
} from './testing/living-deployment.js'
import { runVetrai } from './testing/run-vetrai.js'

const run = promisify(execFile)
const DOCUMENT = new URL('../../docs/operations.md', import.meta.url)
const LAUNCHER = new URL('../../bin/vetrai', import.meta.url).pathname

describe('the runbooks of docs/operations.md', function () {
  this.timeout(300_000)
  let living: LivingDeployment
  let until: string[]
  let document: string
  const path = (name: string) => join(living.folder, name)

  before(async () => {
    document = await readFile(DOCUMENT, 'utf8')
    living = await livingDeployment('runbooks')
    await writeFile(path('recovery.key'), `${living.recoveryKey}\n`)
    await living.load.more(4)
    until = living.load.accepted.map(({ slug }) => slug)
    await backUp(await living.open())
    await cp((await living.open()).paths.backups, path('backups'), { recursive: true })
  })
  after(async () => {
    for (const name of ['look', 'rescue', 'new-host']) {
      await runVetrai(['down', '--quiet', '--dir', path(name)])
      await runVetrai(['uninstall', '--confirm', 'runbooks', '--dir', path(name)])
    }
    await living.remove()
  })

  /** Does what the document says below a heading, here; block 0 unless another is named. */
  const follow = async (heading: string, { block = 0, places = {} as Record<string, string> } = {}) => {
    const [, section = ''] = document.split(`**${heading}.**`)
    const commands = [...section.matchAll(/```sh\n([\s\S]*?)```/g)][block]?.[1] ?? ''
    expect(commands, heading).to.include('vetrai ')
    const here: Record<string, string> = {
      '/mnt/backups': path('backups'),
      '/srv/look': path('look'),
      '/srv/rescue': path('rescue'),
      '/srv/vetrai': living.dir,
      '--port 8700': `--port ${await findFreePort()}`,
      NAME: 'runbooks',
      ...places,
    }
    const steps = Object.entries(here).reduce((text, [word, place]) => text.replaceAll(word, place), commands)
    const script = path('steps.sh')
    await writeFile(script, `set -euo pipefail\nvetrai() { "$NODE" "$VETRAI" "$@"; }\n${steps}`)
    const env = {
      ...process.env,
      NODE: process.execPath,
      VETRAI: LAUNCHER,
      VETRAI_DIR: living.dir,
      VETRAI_SKIP_BUILD: '1',
    }
    return run('bash', [script], { env, cwd: living.folder })
  }

  it('bring a lost host back', async () => {
    const dir = path('new-host')
    // Unlike on a host of its own, others take the usual port here.
    const port = `latest --port ${await findFreePort()}`
    await follow('The host is lost', { places: { '/srv/vetrai': dir, latest: port } })
    const there = await slugsIn(await openDeployment(dir))
    expect(until.filter((slug) => !there.has(slug))).to.deep.equal([])
    await expectSettled(dir)
    await runVetrai(['down', '--dir', dir])
  })

  it('look beside at what was there', async () => {
    const { stdout } = await follow('Something was deleted, or spoilt')
    for (const slug of until) expect(stdout).to.include(slug)
    await expectSettled(living.dir)
  })

  it('bring lost secrets back, with the data as it is now', async () => {
    const check = await makeCredentials(await living.open())
    const { paths } = await living.open()
    await rm(paths.secrets, { recursive: true })
    const refused = await runVetrai(['up', '--dir', living.dir, '--json'])
    expect(refused.code).to.be.greaterThan(0)
    await follow('The secrets are lost')
    await check()
    await living.load.more(2)
    const { accepted } = living.load
    const there = await slugsIn(await living.open())
    expect(accepted.filter(({ slug }) => !there.has(slug))).to.deep.equal([])
    await expectSettled(living.dir)
  })

  it('go back as a whole', async () => {
    await follow('Something was deleted, or spoilt', { block: 1 })
    const there = await slugsIn(await living.open())
    expect(until.filter((slug) => !there.has(slug))).to.deep.equal([])
    await expectSettled(living.dir)
  })
})
