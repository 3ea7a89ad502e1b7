import { expect } from 'chai'
import { opener } from '../operations/open-in-browser.js'
import type { DeploymentStatus } from '../operations/read-status.js'
import type { StartResult } from '../operations/start-deployment.js'
import { checkView } from './check-view.js'
import { logLine } from './log-line.js'
import { migrationsView } from './migrations-view.js'
import { createPaint } from './paint.js'
import { planView } from './plan-view.js'
import { startView } from './start-view.js'
import { statusView } from './status-view.js'

const plain = createPaint(false)
const STATUS: DeploymentStatus = {
  name: 'shop',
  url: 'http://127.0.0.1:8000',
  version: '0.1.0',
  runtime: 'embedded',
  ready: false,
  dir: '/srv/shop',
  disk: { free_bytes: 10 * 1024 ** 3, total_bytes: 20 * 1024 ** 3, used_bytes: null },
  components: [
    {
      name: 'postgres',
      pid: 7,
      state: 'running',
      version: '18.4',
      uptime_s: 3700,
      memory_bytes: 40 * 1024 ** 2,
      last_error: null,
    },
    {
      name: 'server',
      pid: null,
      state: 'failed',
      version: null,
      uptime_s: null,
      memory_bytes: null,
      last_error: 'exit code 1',
    },
  ],
  maintenance: null,
  drift: [],
}

describe('what lifecycle commands show', () => {
  it('is each component on a line, with its last error below it', () => {
    const lines = statusView(STATUS, plain).split('\n')
    expect(lines).to.include('ready       no')
    expect(lines.at(-3)).to.match(/^postgres +running +18\.4 +7 +1h 1m +40 MiB$/)
    expect(lines.at(-1)).to.equal('  └ last error: exit code 1')
    expect(statusView({ ...STATUS, disk: { ...STATUS.disk, used_bytes: 1024 ** 3 } }, plain)).to.include(
      '1 GiB of data',
    )
  })

  it('is what only some runtimes know, in columns that are left out where none does', () => {
    const [postgres, server] = STATUS.components
    if (!postgres || !server) throw new Error('the fixture has two components')
    const limited = { ...postgres, cpu_percent: 12.34, memory_limit_bytes: 1024 ** 3, ports: ['5432/tcp'] }
    const lines = statusView({ ...STATUS, components: [limited, server] }, plain).split('\n')
    expect(lines.at(-3)).to.match(/^postgres +running +18\.4 +7 +1h 1m +12\.3 % +40 MiB +1 GiB +5432\/tcp$/)
    expect(lines.at(-4)).not.to.match(/IMAGE|HEALTH/)
    expect(statusView(STATUS, plain)).not.to.match(/CPU|LIMIT|PORTS|IMAGE|HEALTH/)
  })

  it('is where what runs differs from the files, with what brings them together', () => {
    const drift = [{ component: 'server', detail: 'recreate: settings changed: LOG_LEVEL' }]
    const text = statusView({ ...STATUS, drift }, plain)
    expect(text)
      .to.include('  server  recreate: settings changed: LOG_LEVEL\n→')
      .and.match(/vetrai up$/)
    expect(statusView(STATUS, plain)).not.to.include('vetrai up')
  })

  it('is what a start would do, and why', () => {
    const text = planView(
      { changes: [{ component: 'server', action: 'recreate', reasons: ['version 1 becomes 2', 'more'] }] },
      plain,
    )
    expect(text.split('\n').at(-1)).to.equal('recreate  server     version 1 becomes 2; more')
    expect(planView({ changes: [] }, plain)).to.include('Nothing to do')
  })

  it('is where to go and where the password is, after a start', () => {
    const result: StartResult = {
      created: true,
      changed: true,
      name: 'shop',
      dir: '/srv/shop',
      url: 'http://127.0.0.1:8000',
      docs_url: 'http://127.0.0.1:8000/docs',
      operator_email: 'ops@shop.example',
      upgrade: null,
      password_file: '/srv/shop/secrets/operator-password',
      recovery_key: 'AGE-SECRET-KEY-1TEST',
      status: STATUS,
    }
    const text = startView(result, plain)
    for (const words of [
      'VetrAI is up',
      result.url,
      result.docs_url,
      result.operator_email,
      result.password_file,
      'AGE-SECRET-KEY-1TEST',
    ]) {
      expect(text).to.include(words)
    }
    expect(startView({ ...result, created: false, changed: false }, plain)).to.include('nothing was changed')
  })

  it('is which migrations are pending', () => {
    const migrations = [
      { name: 'one', applied_at: '2026-11-22T20:30:00Z' },
      { name: 'two', applied_at: null },
    ]
    expect(migrationsView({ pending: 1, migrations }, plain))
      .to.include('two        pending')
      .and.include('1 migration pending')
    expect(migrationsView({ pending: 0, migrations: [] }, plain)).to.include('None is pending')
  })

  it('is a verdict after the checks', () => {
    const check = { name: 'disk', title: 'Disk', level: 'ok' as const, detail: '1 GiB', remedy: null }
    const bad = { ...check, level: 'fail' as const, remedy: 'Make room.' }
    expect(checkView({ ok: true, checks: [check] }, plain)).to.include('All is well')
    expect(checkView({ ok: false, checks: [check, bad] }, plain))
      .to.include('→ Make room.')
      .and.include('1 check failed')
    expect(checkView({ ok: true, checks: [{ ...bad, level: 'warn' }] }, plain)).to.include('1 warning')
  })

  it('is who wrote a line where several logs are merged', () => {
    expect(logLine({ component: 'redis', line: 'ready' }, true, plain)).to.equal('redis      ready')
    expect(logLine({ component: 'redis', line: 'ready' }, false, plain)).to.equal('ready')
  })

  it('is only a URL where there is no display', () => {
    expect(opener('linux', {})).to.equal(undefined)
    expect(opener('linux', { DISPLAY: ':0' })).to.equal('xdg-open')
    expect(opener('linux', { WAYLAND_DISPLAY: 'wayland-0' })).to.equal('xdg-open')
    expect(opener('darwin', {})).to.equal('open')
  })
})
