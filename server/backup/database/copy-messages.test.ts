import { expect } from 'chai'
import fc from 'fast-check'
import { CopyMessages } from './copy-messages.js'

const message = (kind: string, body: Uint8Array) => {
  const head = Buffer.alloc(5)
  head.write(kind, 'latin1')
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}

/** Whole messages, as many as make a part large enough, and what is left. */
function partsOf(bodies: readonly Uint8Array[], partBytes: number): string[] {
  const parts = ['']
  for (const body of bodies) {
    parts[parts.length - 1] += Buffer.from(body).toString('hex')
    if ((parts.at(-1)?.length ?? 0) / 2 >= partBytes) parts.push('')
  }
  return parts
}

describe('the messages of a COPY', () => {
  const rows = fc.array(fc.uint8Array({ maxLength: 120 }), { maxLength: 12 })
  const cuts = fc.array(fc.nat({ max: 400 }), { maxLength: 12 })

  it('give their data in parts of whole messages, and what follows them, however the socket cuts them', () => {
    fc.assert(
      fc.property(
        rows,
        cuts,
        fc.boolean(),
        fc.integer({ min: 1, max: 300 }),
        (bodies, at, isDone, partBytes) => {
          const after = isDone
            ? message('C', Buffer.from('COPY 3\0'))
            : message('E', Buffer.from('SERROR\0\0'))
          const notice = message('N', Buffer.from('a notice'))
          const stream = Buffer.concat([
            message('H', Buffer.alloc(3)),
            ...bodies.flatMap((body, index) => [message('d', body), ...(index % 3 === 0 ? [notice] : [])]),
            ...(isDone ? [message('c', Buffer.alloc(0))] : []),
            after,
          ])
          const messages = new CopyMessages(partBytes)
          const parts: Buffer[][] = [[]]
          const rest: Buffer[] = []
          let count = 0
          let end: boolean | undefined
          const ends = [...at.map((place) => place % stream.length), stream.length].sort((a, b) => a - b)
          for (const [index, to] of ends.entries()) {
            const piece = Buffer.from(stream.subarray(ends[index - 1] ?? 0, to))
            let left: Buffer | undefined = piece
            while (left && end === undefined) {
              const taken = messages.take(left)
              parts.at(-1)?.push(taken.data)
              count += taken.messages
              end = taken.isDone
              left = taken.rest
              if (left && end === undefined) parts.push([])
            }
            if (left) rest.push(left)
          }
          const found = parts.map((pieces) => Buffer.concat(pieces).toString('hex'))
          expect(found).to.deep.equal(partsOf(bodies, partBytes))
          expect(count).to.equal(bodies.length)
          expect(Buffer.concat(rest).equals(after)).to.equal(true)
          expect(end).to.equal(isDone)
        },
      ),
    )
  })
})
