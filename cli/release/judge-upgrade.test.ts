import { expect } from 'chai'
import fc from 'fast-check'
import { compareVersions } from './compare-versions.js'
import { breakingNotes, judgeUpgrade, pendingMigrations } from './judge-upgrade.js'
import type { Release } from './release.js'

const release = (changes: Partial<Release> = {}): Release => ({
  format: 1,
  version: '3.0.0',
  schema_version: '20270101000000-kernel-add-things',
  minimum_version: '1.0.0',
  hard_stops: ['1.5.0', '2.0.0'],
  postgres: [17, 18],
  disk_factor: 2.5,
  breaking: [
    { version: '1.5.0', note: 'one' },
    { version: '3.0.0', note: 'two' },
  ],
  migrations: { incompatible: ['20270101000000-kernel-add-things'], reviewed: [] },
  ...changes,
})

const from = (version: string, postgres: number | undefined = 17) => ({ version, migrations: [], postgres })

describe('the way from one version to another', () => {
  const refusals: [
    name: string,
    installed: ReturnType<typeof from>,
    to: Release,
    code: string,
    next: RegExp,
  ][] = [
    ['an older version', from('3.0.1'), release(), 'upgrade_downgrade', /upgrade rollback/],
    ['a skipped stop', from('1.9.9'), release(), 'upgrade_skips', /Upgrade to 2\.0\.0, then to 3\.0\.0/],
    [
      'two skipped stops',
      from('1.4.0'),
      release(),
      'upgrade_skips',
      /to 1\.5\.0, then to 2\.0\.0, then to 3/,
    ],
    [
      'one that is too old',
      from('0.9.0'),
      release({ hard_stops: [] }),
      'upgrade_too_old',
      /Upgrade to 1\.0\.0 first/,
    ],
    ['another PostgreSQL', from('2.0.0', 16), release(), 'upgrade_postgres', /moves the data into it/],
  ]
  for (const [name, installed, to, code, next] of refusals) {
    it(`is not free for ${name}, and the way on is told`, () => {
      const problem = judgeUpgrade(installed, to)
      expect(problem).to.include({ code, exitCode: 4 })
      expect(problem?.next).to.match(next)
    })
  }

  it('is free from the last stop on, also to the same version and with an unknown PostgreSQL', () => {
    for (const version of ['2.0.0', '2.9.0', '3.0.0', '3.0.0-rc.1'])
      expect(judgeUpgrade(from(version), release()), version).to.equal(undefined)
    expect(judgeUpgrade({ ...from('2.0.0'), postgres: undefined }, release())).to.equal(undefined)
  })

  it('passes the notes of the versions after the first', () => {
    expect(breakingNotes('1.5.0', release())).to.deep.equal([{ version: '3.0.0', note: 'two' }])
    expect(breakingNotes('3.0.0', release())).to.deep.equal([])
  })

  it('has the migrations that the database lacks, and says which the version before cannot run after', () => {
    const known = ['20260101000000-a-add-b', '20260601000000-a-add-c', '20270101000000-kernel-add-things']
    expect(pendingMigrations(known.slice(0, 1), known, release())).to.deep.equal([
      { name: known[1], compatible: true },
      { name: known[2], compatible: false },
    ])
  })

  it('orders versions as semver does, each pair one way', () => {
    const ordered = [
      '0.1.0',
      '0.2.0-alpha',
      '0.2.0-alpha.1',
      '0.2.0-rc.2',
      '0.2.0-rc.10',
      '0.2.0',
      '0.10.0',
      '1.0.0',
    ]
    for (const [n, a] of ordered.entries())
      for (const [m, b] of ordered.entries())
        expect(Math.sign(compareVersions(a, b)), `${a} ${b}`).to.equal(Math.sign(n - m))
    const version = fc
      .tuple(fc.nat(20), fc.nat(20), fc.nat(20), fc.constantFrom('', '-a', '-a.1', '-b'))
      .map(([x, y, z, suffix]) => `${x}.${y}.${z}${suffix}`)
    fc.assert(
      fc.property(version, version, (a, b) => {
        expect(Math.sign(compareVersions(a, b)) + Math.sign(compareVersions(b, a))).to.equal(0)
      }),
    )
  })
})
