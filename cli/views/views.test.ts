import { expect } from 'chai'
import { fields } from './fields.js'
import { bytes, count, duration, time } from './format.js'
import { createPaint, width } from './paint.js'
import { recordFields } from './record-fields.js'
import { table } from './table.js'

const plain = createPaint(false)

describe('text views', () => {
  it('writes no escape code when colour is off', () => {
    expect(plain.red('x') + plain.bold('y')).to.equal('xy')
    expect(createPaint(true).red('x')).to.equal('\u001b[31mx\u001b[39m')
  })

  it('writes a flat object as words, what is deeper as JSON, and leaves out what is empty', () => {
    const record = { owner: { type: 'tenant', id: '7' }, deep: { a: { b: 1 } }, none: {}, scopes: ['a', 'b'] }
    expect(recordFields(record, plain)).to.equal(
      'owner   type tenant, id 7\ndeep    {"a":{"b":1}}\nscopes  a, b',
    )
  })

  it('measures what a terminal shows, not the bytes', () => {
    expect(width(createPaint(true).green('ok'))).to.equal(2)
    expect(width('日本')).to.equal(4)
  })

  it('aligns columns by what is visible, coloured or not', () => {
    const rows = [
      { name: 'a', size: '10' },
      { name: 'longer', size: '7' },
    ]
    const text = table(
      rows,
      [
        { heading: 'NAME', cell: (row) => plain.bold(row.name) },
        { heading: 'SIZE', cell: (row) => row.size, align: 'right' },
      ],
      plain,
    )
    expect(text.split('\n')).to.deep.equal(['NAME    SIZE', 'a         10', 'longer     7'])
  })

  it('leaves out fields that have no value', () => {
    expect(
      fields(
        [
          ['id', '1'],
          ['plan', null],
          ['status', 'active'],
        ],
        plain,
      ),
    ).to.equal('id      1\nstatus  active')
  })

  it('gives sizes, durations, times and counts their unit', () => {
    expect([bytes(0), bytes(1536), bytes(5 * 1024 ** 3), bytes(null)]).to.deep.equal([
      '0 B',
      '1.5 KiB',
      '5 GiB',
      '–',
    ])
    expect([duration(0), duration(59.9), duration(3600), duration(90_061), duration(null)]).to.deep.equal([
      '0s',
      '59s',
      '1h',
      '1d 1h',
      '–',
    ])
    expect([time('2026-11-22T20:30:11.000Z'), time(null)]).to.deep.equal(['2026-11-22 20:30', '–'])
    expect([count(1, 'key'), count(2, 'key'), count(0, 'entry', 'entries')]).to.deep.equal([
      '1 key',
      '2 keys',
      '0 entries',
    ])
  })
})
