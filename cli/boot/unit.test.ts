import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { type BootUnit, renderUnit, unitName, unitOwner } from './unit.js'

const run = promisify(execFile)
const ANALYZE = ['/usr/bin/systemd-analyze', '/bin/systemd-analyze'].find((path) => existsSync(path))

const UNIT: BootUnit = {
  name: 'shop',
  id: '0123456789abcdef',
  dir: '/srv/shop',
  scope: 'system',
  user: undefined,
  node: '/usr/bin/node',
  program: '/opt/vetrai/bin/vetrai',
  environment: { PATH: '/usr/bin:/bin', VETRAI_SKIP_BUILD: '1' },
  docker: undefined,
  stopSeconds: 120,
  mayRestart: true,
}

describe('the unit of a deployment', () => {
  it('brings it up at boot, and down again within the time a clean stop takes', () => {
    const lines = renderUnit(UNIT).split('\n')
    expect(lines).to.include.members([
      'Type=oneshot',
      'RemainAfterExit=yes',
      'ExecStart=/usr/bin/node /opt/vetrai/bin/vetrai up --dir /srv/shop --yes',
      'ExecStop=/usr/bin/node /opt/vetrai/bin/vetrai down --dir /srv/shop --yes',
      'TimeoutStopSec=120',
      'WantedBy=multi-user.target',
    ])
  })

  it('makes no new deployment where the disk of the old one is not there', () => {
    const lines = renderUnit(UNIT).split('\n')
    expect(lines).to.include('AssertPathExists=/srv/shop/vetrai.yml')
    expect(lines).to.include('RequiresMountsFor=/srv/shop /opt/vetrai/bin/vetrai /usr/bin/node')
  })

  it('waits for Docker where containers run, and only there', () => {
    expect(renderUnit(UNIT)).not.to.include('docker')
    expect(renderUnit({ ...UNIT, docker: 'requires' }))
      .to.include('\nRequires=docker.service\n')
      .and.include('\nAfter=network-online.target docker.service\n')
    expect(renderUnit({ ...UNIT, docker: 'wants' })).to.include('\nWants=docker.service\n')
  })

  it('runs as the owner of the directory', () => {
    expect(renderUnit(UNIT)).not.to.include('User=')
    expect(renderUnit({ ...UNIT, user: 'alice' })).to.include('\nUser=alice\n')
  })

  it('of a user asks for nothing that only the system has', () => {
    const text = renderUnit({ ...UNIT, scope: 'user' })
    expect(text).to.include('\nWantedBy=default.target\n')
    expect(text).not.to.match(/network-online|Protect|ReadWritePaths/)
  })

  it('restarts a failed start only where systemd takes that for such a unit', () => {
    expect(renderUnit(UNIT)).to.include('\nRestart=on-failure\n')
    expect(renderUnit({ ...UNIT, mayRestart: false })).not.to.include('Restart')
  })

  it('is refused for a program that systemd would not run', () => {
    for (const node of ['/a"b/node', "/a'b/node", '/a\\b/node']) {
      expect(() => renderUnit({ ...UNIT, node }))
        .to.throw()
        .with.property('code', 'path_unfit')
    }
  })

  it('says whose it is', () => {
    expect(unitOwner(renderUnit(UNIT))).to.equal(UNIT.id)
    expect(unitOwner('[Service]\nExecStart=/bin/true\n')).to.equal(undefined)
    expect(unitName('shop')).to.equal('vetrai-shop.service')
  })

  if (ANALYZE !== undefined) verifiedBy(ANALYZE)
})

/** systemd's own reading of the unit, which works where systemd does not run. */
function verifiedBy(analyze: string): void {
  let folder: string

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vetrai-units-'))
  })
  after(() => rm(folder, { recursive: true, force: true }))

  const verify = async (unit: BootUnit): Promise<string> => {
    const path = join(folder, unitName(unit.name))
    await writeFile(path, renderUnit(unit))
    // `docker.service` need not be installed here.
    const others = join(folder, 'docker.service')
    await writeFile(others, '[Service]\nExecStart=/bin/true\n')
    const { stdout, stderr } = await run(
      analyze,
      [
        ...['verify', '--man=no', '--generators=no', '--recursive-errors=one'],
        ...(unit.scope === 'user' ? ['--user'] : []),
        path,
        // The systemd of a user wants a place for its sockets, which a user without a session has not.
      ],
      { env: { ...process.env, XDG_RUNTIME_DIR: folder } },
    ).catch((error: { stdout: string; stderr: string }) => error)
    return stdout + stderr
  }

  /** A folder whose name means something to systemd in every place it stands. */
  const oddPrograms = async (name: string) => {
    const place = join(folder, name)
    await mkdir(place, { recursive: true })
    for (const file of ['node', 'vetrai']) {
      await copyFile('/bin/true', join(place, file))
      await chmod(join(place, file), 0o755)
    }
    return { dir: place, node: join(place, 'node'), program: join(place, 'vetrai') }
  }

  const variants: [string, Partial<BootUnit>][] = [
    ['embedded', {}],
    ['embedded, of another user', { user: 'daemon' }],
    ['embedded, of an old systemd', { mayRestart: false }],
    ['embedded, of a user', { scope: 'user' }],
    ['compose', { docker: 'requires', environment: { DOCKER_HOST: 'tcp://127.0.0.1:2375' } }],
    ['compose, of a user', { scope: 'user', docker: 'wants' }],
  ]
  for (const [title, change] of variants) {
    it(`is found in order by systemd: ${title}`, async () => {
      expect(await verify({ ...UNIT, ...(await oddPrograms('plain')), ...change })).to.equal('')
    })
  }

  it('is found in order by systemd whatever its paths are called', async () => {
    for (const name of [
      'with blanks',
      '100%n',
      'a$HOME',
      'qu"ote\'s',
      'back\\slash',
      '-dash; #sharp',
      'é 😀',
    ]) {
      const programs = await oddPrograms(name)
      const environment = { PATH: `${programs.dir}:/bin` }
      const node = /["'\\]/.test(name) ? '/bin/true' : programs.node
      expect(await verify({ ...UNIT, ...programs, node, environment }), name).to.equal('')
    }
  })

  it('would not be found in order were a program missing, or a setting misspelt', async () => {
    expect(await verify({ ...UNIT, node: join(folder, 'no such', 'node') })).to.include('not executable')
    expect(await verify({ ...UNIT, user: 'alice\nNoSuchSetting=1' })).to.include('NoSuchSetting')
  })
}
