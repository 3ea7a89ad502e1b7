import { expect } from 'chai'
import { judgeCluster, readLook } from './guard-cluster.js'
import { parseLine } from './logs.js'

const LOOK = { cluster: '17', major: '17', libc: '2.36', pgvector: '0.8.6' }
const KNOWN = { major: '17', libc: '2.36', pgvector: '0.8.6', orderedByLibc: true }

describe('the guard of the database’s data', () => {
  it('reads what images of Debian and of Alpine say', () => {
    expect(readLook('17\npostgres (PostgreSQL) 17.6 (Debian 17.6-1)\nglibc 2.36\n0.8.6\n')).to.deep.equal(
      LOOK,
    )
    expect(readLook('none\npostgres (PostgreSQL) 18.1\nnone\n\n')).to.deep.equal({
      ...{ cluster: null, major: '18', libc: null, pgvector: null },
    })
  })

  it('lets a new volume and the same image pass', () => {
    expect(judgeCluster(LOOK, KNOWN)).to.equal(undefined)
    expect(judgeCluster({ ...LOOK, cluster: null, major: '18' }, KNOWN)).to.equal(undefined)
    expect(judgeCluster({ ...LOOK, pgvector: '0.8.10' }, KNOWN)).to.equal(undefined)
  })

  it('refuses another major in either direction, with the way on', () => {
    const newer = judgeCluster({ ...LOOK, major: '18' }, undefined)
    expect(newer).to.include({ code: 'postgres_major', exitCode: 4 })
    expect(newer?.next).to.include('PostgreSQL 17').and.to.include('vetrai upgrade run')
    expect(judgeCluster({ ...LOOK, major: '16' }, KNOWN)?.next).to.include('never taken back')
  })

  it('refuses an older pgvector, and none', () => {
    expect(judgeCluster({ ...LOOK, pgvector: '0.8.4' }, KNOWN)?.code).to.equal('pgvector_older')
    expect(judgeCluster({ ...LOOK, pgvector: null }, KNOWN)?.code).to.equal('pgvector_older')
  })

  it('refuses another C library only where text is ordered by it', () => {
    expect(judgeCluster({ ...LOOK, libc: '2.41' }, KNOWN)?.code).to.equal('collation_changed')
    expect(judgeCluster({ ...LOOK, libc: null }, KNOWN)?.code).to.equal('collation_changed')
    expect(judgeCluster({ ...LOOK, libc: '2.41' }, { ...KNOWN, orderedByLibc: false })).to.equal(undefined)
  })
})

describe('a line of Compose’s log', () => {
  it('tells component, time and text, and only workers are numbered', () => {
    expect(parseLine('\u001b[2Kserver-1  | 2026-11-25T10:00:00.1Z a | b')).to.deep.equal([
      { component: 'server', at: '2026-11-25T10:00:00.1Z', line: 'a | b' },
    ])
    expect(parseLine('worker-2 | 2026-11-25T10:00:00.1Z x')[0]?.component).to.equal('worker-2')
    expect(parseLine('object-store-1 | 2026-11-25T10:00:00.1Z')[0]).to.include({
      component: 'object-store',
      line: '',
    })
    expect(parseLine('no line of a log')).to.deep.equal([])
  })
})
