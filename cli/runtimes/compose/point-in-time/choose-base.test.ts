import { expect } from 'chai'
import fc from 'fast-check'
import type { CliError } from '../../../deployment/errors.js'
import { chooseRoute, windowOf } from './choose-base.js'
import { type BaseBackup, lsnOf, readArchive, type WalArchive } from './wal-archive.js'

const base = (label: string, stoppedAt: number, timeline = 1, stop = stoppedAt): BaseBackup => ({
  ...{ label, type: 'full', startedAt: stoppedAt, size: 1 },
  ...{ stoppedAt, timeline, stop: BigInt(stop) },
})

/** What pgBackRest 2.55 prints, shortened. */
const PRINTED = [
  JSON.stringify([
    {
      name: 'vetrai-0',
      db: [
        { id: 1, version: '16' },
        { id: 2, version: '17' },
      ],
      archive: [
        { id: '16-1', database: { id: 1 } },
        { id: '17-2', database: { id: 2 } },
      ],
      backup: [
        {
          ...{ label: '20261126-004508F', type: 'full', database: { id: 2 }, info: { size: 34_899_420 } },
          ...{ archive: { start: '0000000A0000000000000003' }, lsn: { stop: '1/4000050' } },
          timestamp: { start: 1_795_653_908, stop: 1_795_653_911 },
        },
        {
          ...{ label: '20251126-004508F', type: 'full', database: { id: 1 }, info: { size: 1 } },
          ...{ archive: { start: '000000010000000000000003' }, lsn: { stop: '0/4000050' } },
          timestamp: { start: 1_764_117_908, stop: 1_764_117_911 },
        },
      ],
    },
  ]),
  JSON.stringify({
    '.': { type: 'path' },
    '16-1/0000000100000000/000000010000000000000001-b88ee0fcc77ef11f64de0d077554ac9292b55a07.zst': {
      ...{ type: 'file', size: 1, time: 1_764_117_911 },
    },
    '17-2/0000000A00000000/0000000A0000000000000004-b88ee0fcc77ef11f64de0d077554ac9292b55a07.zst': {
      ...{ type: 'file', size: 1, time: 1_795_653_920 },
    },
    '17-2/0000000A00000000/0000000A0000000000000003-b88ee0fcc77ef11f64de0d077554ac9292b55a07': {
      ...{ type: 'file', size: 1, time: 1_795_653_911 },
    },
    '17-2/0000000A00000000/0000000A0000000000000003.00000028.backup': {
      type: 'file',
      size: 1,
      time: 1_795_653_911,
    },
    '17-2/0000000A.history': { type: 'file', size: 1, time: 1_795_653_900 },
    'archive.info': { type: 'file', size: 1, time: 1_795_653_911 },
  }),
].join('\n')

describe('an archive of WAL', () => {
  it('is read as the present cluster left it', () => {
    const archive = readArchive(PRINTED)
    expect(archive.bases).to.deep.equal([
      {
        ...{ label: '20261126-004508F', type: 'full', size: 34_899_420, timeline: 10, stop: 0x1_0400_0050n },
        ...{ startedAt: 1_795_653_908_000, stoppedAt: 1_795_653_911_000 },
      },
    ])
    expect(archive.segments).to.deep.equal([
      { timeline: 10, archivedAt: 1_795_653_911_000 },
      { timeline: 10, archivedAt: 1_795_653_920_000 },
    ])
    expect(archive.histories).to.deep.equal(new Map([[10, '17-2/0000000A.history']]))
    expect(windowOf(archive)).to.deep.equal({ from: 1_795_653_911_000, to: 1_795_653_920_000 })
    expect(windowOf(readArchive('[]\n{}'))).to.equal(undefined)
    expect(lsnOf('0/3000028')).to.equal(0x300_0028n)
  })
})

/**
 * A database that lived on timeline 1 until 50 000, went back to 30 000 on timeline 2, gave that up at 80 000 and went on with 1,
 * and at 90 000 left 1 at 85 000 for 3.
 */
const LIVES: WalArchive = {
  bases: [
    base('a', 10_000),
    base('b', 40_000),
    base('c', 65_000, 2, 35_000),
    base('d', 83_000),
    base('e', 95_000, 3, 86_000),
  ],
  segments: [
    ...[20_000, 30_000, 40_000, 50_000].map((archivedAt) => ({ archivedAt, timeline: 1 })),
    ...[60_000, 70_000, 80_000].map((archivedAt) => ({ archivedAt, timeline: 2 })),
    ...[85_000, 90_000].map((archivedAt) => ({ archivedAt, timeline: 1 })),
    ...[96_000, 120_000].map((archivedAt) => ({ archivedAt, timeline: 3 })),
  ],
  histories: new Map([
    [2, '17-1/00000002.history'],
    [3, '17-1/00000003.history'],
  ]),
}
const HISTORIES: Record<string, string> = {
  '17-1/00000002.history': `1\t0/${(30_000).toString(16).toUpperCase()}\tbefore 2026-11-26 00:58:03+00\n`,
  '17-1/00000003.history': `1\t0/${(85_000).toString(16).toUpperCase()}\tno recovery target specified\n`,
}
const route = async (time: number, archive = LIVES) => {
  const { base: chosen, timeline } = await chooseRoute(archive, time, async (path) => HISTORIES[path] ?? '')
  return `${chosen.label} ${timeline}`
}

describe('the way back to a time', () => {
  it('is along the life that the database had then, from the newest base backup that leads there', async () => {
    expect(await route(15_000)).to.equal('a 1')
    // Taken back later, and lived then.
    expect(await route(45_000)).to.equal('b 1')
    // `b` is newer, and of the life that was given up.
    expect(await route(60_000)).to.equal('a 2')
    expect(await route(75_000)).to.equal('c 2')
    // Timeline 2 is the newer one, and was given up.
    expect(await route(84_000)).to.equal('d 1')
    expect(await route(94_000)).to.equal('d 3')
    expect(await route(95_500)).to.equal('e 3')
  })

  it('is refused with the times that there are, where there is none', async () => {
    const refusal = (time: number, archive = LIVES) =>
      route(time, archive).then(
        () => undefined,
        ({ code, exitCode, message }: CliError) => `${code} ${exitCode} ${message}`,
      )
    for (const time of [0, 9_999, 120_001, 990_000]) {
      expect(await refusal(time)).to.match(/^time_unreachable 4 .*from 1970-01-01T00:00:10.000Z to .*02:00/)
    }
    const empty = { ...LIVES, bases: [] }
    expect(await refusal(50_000, empty)).to.match(/no base backup yet/)
  })

  it('never begins with a base backup that is later, or beyond where its life was left', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 10_000, max: 120_000 }), async (time) => {
        const { base: chosen, timeline } = await chooseRoute(
          LIVES,
          time,
          async (path) => HISTORIES[path] ?? '',
        )
        expect(chosen.stoppedAt).to.be.at.most(time)
        if (chosen.timeline === timeline) return
        expect(chosen.timeline).to.equal(1)
        expect(Number(chosen.stop)).to.be.at.most(timeline === 2 ? 30_000 : 85_000)
      }),
    )
  })
})
