import { expect } from 'chai'
import fc from 'fast-check'
import { CopyMessages } from './copy-messages.js'

const message = (kind: string, body: Uint8Array) => {
  const head = Buffer.alloc(5)
  head.write(kind, 'latin1')
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}

describe('the messages of a COPY', () => {
  const rows = fc.array(fc.uint8Array({ maxLength: 120 }), { maxLength: 12 })
  const cuts = fc.array(fc.nat({ max: 400 }), { maxLength: 12 })

  it('give their data and what follows them, however the socket cuts them', () => {
    fc.assert(
      fc.property(rows, cuts, fc.boolean(), (bodies, at, isDone) => {
        const after = isDone ? message('C', Buffer.from('COPY 3\0')) : message('E', Buffer.from('SERROR\0\0'))
        const notice = message('N', Buffer.from('a notice'))
        const stream = Buffer.concat([
          message('H', Buffer.alloc(3)),
          ...bodies.flatMap((body, index) => [message('d', body), ...(index % 3 === 0 ? [notice] : [])]),
          ...(isDone ? [message('c', Buffer.alloc(0))] : []),
          after,
        ])
        const messages = new CopyMessages()
        const [data, rest]: Buffer[][] = [[], []]
        let end: boolean | undefined
        const ends = [...at.map((place) => place % stream.length), stream.length].sort((a, b) => a - b)
        for (const [index, to] of ends.entries()) {
          const piece = Buffer.from(stream.subarray(ends[index - 1] ?? 0, to))
          if (end !== undefined) rest?.push(piece)
          else {
            const taken = messages.take(piece)
            data?.push(taken.data)
            if (taken.rest) rest?.push(taken.rest)
            end = taken.isDone
          }
        }
        expect(Buffer.concat(data ?? []).equals(Buffer.concat(bodies))).to.equal(true)
        expect(Buffer.concat(rest ?? []).equals(after)).to.equal(true)
        expect(end).to.equal(isDone)
      }),
    )
  })
})
