import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import fc from 'fast-check'
import { ObjectStoreError } from './errors.js'
import { createFileObjectStore } from './file-driver.js'
import { attachmentHeader, checkKey } from './keys.js'
import { storeContract } from './test-support.js'

let root: string
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'vetrai-objects-'))
})
after(() => rm(root, { recursive: true, force: true }))

storeContract('file', async () =>
  createFileObjectStore({
    path: join(root, 'contract'),
    baseUrl: 'http://127.0.0.1/objects/v1',
    secret: 'x'.repeat(64),
  }),
)

describe('checkKey', () => {
  it('lets no key through that a path could climb out with', () => {
    const piece = fc.constantFrom('a', '.', '..', '/', '//', '\\', '~', '\0', 'é', '-', '%2e', ' ', 'b.c')
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const key = pieces.join('')
        try {
          const segments = checkKey(key)
          expect(join('/root/objects', ...segments)).to.equal(`/root/objects/${key}`)
        } catch (error) {
          expect(error).to.be.instanceOf(ObjectStoreError)
        }
      }),
      { numRuns: 3000 },
    )
  })
})

describe('attachmentHeader', () => {
  it('keeps any name inside its quotes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        expect(attachmentHeader('a/b', name)).to.match(
          /^attachment; filename="[^"\\%\r\n]*"; filename\*=UTF-8''[A-Za-z0-9!#$&+.^_`|~%-]*$/,
        )
      }),
    )
  })

  it('offers the last part of the key when no name is given', () => {
    expect(attachmentHeader('a/b/c.pdf')).to.equal(`attachment; filename="c.pdf"; filename*=UTF-8''c.pdf`)
  })
})
