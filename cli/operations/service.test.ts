import { existsSync } from 'node:fs'
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { cronLine, startsAtReboot } from '../boot/cron-line.js'
import { findSystemd, lingers, type Scope, type Systemd, type SystemdOptions } from '../clients/systemd.js'
import { createDeployment } from '../deployment/create-deployment.js'
import type { Deployment } from '../deployment/deployment.js'
import type { Progress } from '../runtimes/runtime.js'
import { runCli } from '../testing/run-cli.js'
import { temporaryFolder } from '../testing/temporary-folder.js'
import { installService } from './install-service.js'
import { readService } from './read-service.js'
import { uninstallService } from './uninstall-service.js'

/**
 * systemctl, as far as these tests go: keeps the links that enable a unit and what is active, notes every call but questions,
 * and fails as the real one does while a file named `broken` holds its words.
 */
const SYSTEMCTL = `#!/bin/sh
cd "$(dirname "$0")"
[ "$1" = --user ] && shift
shift
case "$1" in --version) echo 'systemd 252 (252.38-1)'; exit 0 ;; esac
case "$1" in
is-enabled) [ -e "enabled/$2" ] && echo enabled && exit 0; echo disabled; exit 1 ;;
is-active) [ -e "active/$2" ] && echo active && exit 0; echo inactive; exit 3 ;;
esac
echo "$*" >> calls
if [ -e broken ]; then cat broken >&2; exit 1; fi
mkdir -p enabled active
case "$1" in
enable) : > "enabled/$2" ;;
disable) rm -f "enabled/$2" ;;
start) : > "active/$2" ;;
stop) rm -f "active/$2" ;;
esac
`

const progress: Progress = {
  step: () => ({ update: () => undefined, done: () => undefined, fail: () => undefined }),
}

describe('a deployment as a service', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let deployment: Deployment
  let options: Required<SystemdOptions>
  let systemd: Systemd

  beforeEach(async () => {
    folder = await temporaryFolder()
    deployment = await createDeployment(join(folder.path, 'shop'), { config: { name: 'shop' } })
    await useSystemd('system')
  })
  afterEach(() => folder.remove())

  async function useSystemd(scope: Scope): Promise<void> {
    const program = join(folder.path, 'systemctl')
    await writeFile(program, SYSTEMCTL)
    await chmod(program, 0o755)
    options = { scope, program, folder: join(folder.path, 'units') }
    const found = await findSystemd(options)
    if (found === undefined) throw new Error('the stand-in does not run')
    systemd = found
  }

  const install = (now = false) => installService(deployment, systemd, { now, progress, options })
  const calls = async () => (await readFile(join(folder.path, 'calls'), 'utf8')).trim().split('\n')
  const unit = () => join(options.folder, 'vetrai-shop.service')

  it('is written, enabled and left to the next boot', async () => {
    const result = await install()
    expect(result).to.include({ changed: true, unit: 'vetrai-shop.service', scope: 'system', active: false })
    expect(await readFile(unit(), 'utf8')).to.equal(result.text)
    expect((await stat(unit())).mode & 0o777).to.equal(0o644)
    expect(await calls()).to.deep.equal(['daemon-reload', 'enable vetrai-shop.service'])
    expect(await readService(deployment, systemd, options)).to.include({
      installed: true,
      enabled: true,
      active: false,
      current: true,
      starts_at_boot: true,
      hint: null,
    })
  })

  it('is started when told to', async () => {
    expect(await install(true)).to.include({ changed: true, active: true })
    expect((await calls()).at(-1)).to.equal('start vetrai-shop.service')
  })

  it('is not touched when it is right already', async () => {
    await install(true)
    const before = await stat(unit())
    const asked = await calls()
    expect(await install(true)).to.include({ changed: false, active: true })
    expect(await calls()).to.deep.equal(asked)
    expect((await stat(unit())).ino).to.equal(before.ino)
    expect((await deployment.journal.entries()).map(({ action }) => action)).to.deep.equal([
      'service install',
    ])
  })

  it('is written anew when it says something else, and enabled again when somebody disabled it', async () => {
    const { text } = await install()
    await writeFile(unit(), text.replace('Restart=on-failure\n', ''))
    expect(await readService(deployment, systemd, options)).to.include({ current: false })
    expect((await install()).changed).to.equal(true)
    expect(await readFile(unit(), 'utf8')).to.equal(text)

    await systemd.systemctl('disable', 'vetrai-shop.service')
    expect(await readService(deployment, systemd, options)).to.include({ starts_at_boot: false })
    expect((await install()).changed).to.equal(true)
  })

  it('follows the deployment to another name', async () => {
    await install()
    await deployment.set('name', 'store')
    expect(await readService(deployment, systemd, options)).to.include({ current: false })
    await install()
    expect(await readdir(options.folder)).to.deep.equal(['vetrai-store.service'])
    expect(await calls()).to.include('disable vetrai-shop.service')
  })

  it('never replaces a unit that is not its own', async () => {
    const other = await createDeployment(join(folder.path, 'other'), { config: { name: 'shop' } })
    await installService(other, systemd, { now: false, progress, options })
    const theirs = await readFile(unit(), 'utf8')
    const taken = await install().catch((error: unknown) => error)
    expect(taken).to.include({ code: 'unit_taken', exitCode: 4 })
    await writeFile(unit(), '[Service]\nExecStart=/bin/true\n')
    expect(await install().catch((error: unknown) => error)).to.include({ code: 'unit_taken' })
    await writeFile(unit(), theirs)
    expect((await uninstallService(deployment, options)).changed).to.equal(false)
    expect(await readFile(unit(), 'utf8')).to.equal(theirs)
  })

  it('is removed and leaves what runs alone, unless told to stop it', async () => {
    await install(true)
    expect(await uninstallService(deployment, options)).to.deep.equal({ changed: true, removed: [unit()] })
    expect(await readdir(options.folder)).to.deep.equal([])
    expect(await calls()).not.to.include('stop vetrai-shop.service')
    expect(await uninstallService(deployment, options)).to.deep.equal({ changed: false, removed: [] })

    await install(true)
    await uninstallService(deployment, { ...options, now: true })
    expect(await calls()).to.include('stop vetrai-shop.service')
  })

  it('is removed where systemd does not run', async () => {
    await install()
    const wants = join(options.folder, 'multi-user.target.wants')
    await mkdir(wants)
    await writeFile(join(wants, 'vetrai-shop.service'), '')
    await uninstallService(deployment, { ...options, program: '/no/such/systemctl' })
    expect(await readdir(options.folder, { recursive: true })).to.deep.equal(['multi-user.target.wants'])
  })

  it('says what systemd said when that refuses', async () => {
    await writeFile(join(folder.path, 'broken'), 'Failed to reload daemon: Access denied')
    const error = await install().catch((reason: unknown) => reason)
    expect(error).to.include({ code: 'systemd_failed', exitCode: 1 })
    expect(String(error)).to.include('Access denied')
    await writeFile(join(folder.path, 'broken'), 'Failed to connect to bus: No medium found')
    expect(await install().catch((reason: unknown) => reason)).to.include({
      code: 'systemd_unreachable',
      exitCode: 3,
    })
    expect(await readdir(options.folder)).to.deep.equal([])
  })

  it('is removed even where the systemd of a user has gone with the session', async () => {
    await install()
    await writeFile(join(folder.path, 'broken'), 'Failed to connect to bus: No medium found')
    expect(await uninstallService(deployment, options)).to.include({ changed: true })
    expect(await readdir(options.folder)).to.deep.equal([])
  })

  it('of a user tells how it starts before that user signs in', async () => {
    await useSystemd('user')
    const { hint, text } = await install()
    expect(text).to.include('WantedBy=default.target')
    const lingering = await lingers()
    if (!lingering) expect(hint).to.include('loginctl enable-linger')
    expect(await readService(deployment, systemd, options)).to.include({
      ...{ enabled: true, hint },
      starts_at_boot: lingering,
    })
  })

  it('can be looked at without anything being changed', async () => {
    const { dir } = deployment
    const { code, stdout } = await runCli(['service', 'install', '--print', '--dir', dir])
    expect(code).to.equal(0)
    expect(stdout)
      .to.include(` up --dir ${dir} --yes\n`)
      .and.match(/^\[Install\]$/m)
    const printed = (await runCli(['service', 'install', '--print', '--json', '--dir', dir])).json()
    expect(printed).to.include({ changed: false, text: stdout })
    expect(await deployment.journal.entries()).to.deep.equal([])
  })

  if (!existsSync('/run/systemd/system')) {
    it('is refused where systemd does not run, with what to do instead', async () => {
      for (const command of ['install', 'status']) {
        const { code, stderr } = await runCli(['service', command, '--dir', deployment.dir])
        expect(code, command).to.equal(3)
        expect(stderr).to.include('@reboot').and.include(deployment.dir)
      }
      expect((await runCli(['service', 'uninstall', '--dir', deployment.dir])).code).to.equal(0)
    })
  }

  it('keeps what this shell says of the engine and its images, where there are containers', async () => {
    const kept = { DOCKER_HOST: 'tcp://127.0.0.1:2375', VETRAI_NODE_IMAGE: 'mirror.example/node:22' }
    const before = { ...process.env }
    Object.assign(process.env, kept)
    try {
      expect((await install()).text).not.to.include('tcp://127.0.0.1')
      await deployment.set('runtime', 'compose')
      const { text } = await install()
      for (const [name, value] of Object.entries(kept))
        expect(text).to.include(`\nEnvironment=${name}=${value}\n`)
      expect(text).to.include('\nWants=docker.service\n')
    } finally {
      for (const name of Object.keys(kept)) {
        delete process.env[name]
        if (before[name] !== undefined) process.env[name] = before[name]
      }
    }
  })

  it('is needless where a cluster starts the deployment', async () => {
    await deployment.set('runtime', 'swarm')
    expect(await install().catch((error: unknown) => error)).to.include({
      code: 'service_needless',
      exitCode: 4,
    })
  })

  it('holds no secret', async () => {
    const { text } = await install()
    for (const name of await readdir(deployment.paths.secrets)) {
      const secret = (await readFile(join(deployment.paths.secrets, name), 'utf8')).trim()
      expect(text, name).not.to.include(secret)
    }
  })

  it('is a line for cron where there is no systemd, which the doctor knows again', () => {
    const line = cronLine({ dir: "/srv/100% Bob's" }, '/usr/bin/node')
    expect(line).to.match(/^@reboot .*\/usr\/bin\/node \/.*\/bin\/vetrai up --dir /)
    expect(line).to.include(`'/srv/100\\% Bob'\\''s'`)
    expect(startsAtReboot(`# daily\n${line}\n`, "/srv/100% Bob's")).to.equal(true)
    expect(startsAtReboot(`#${line}\n`, "/srv/100% Bob's")).to.equal(false)
    expect(startsAtReboot(line, '/srv/shop')).to.equal(false)
  })
})
