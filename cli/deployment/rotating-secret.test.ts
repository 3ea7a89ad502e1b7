import { mkdir, readdir, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import { expectRejection } from '../../test/expect-rejection.js'
import { temporaryFolder } from '../testing/temporary-folder.js'
import { RotatingSecret, rotatingSecrets } from './rotating-secret.js'
import { Secrets } from './secrets.js'

const [OLD, NEW] = ['0'.repeat(64), 'f'.repeat(64)]
const NAME = 'redis-password'

describe('a secret that is rotated', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let secrets: Secrets
  let secret: RotatingSecret

  beforeEach(async () => {
    folder = await temporaryFolder()
    secrets = new Secrets(join(folder.path, 'secrets'))
    secret = new RotatingSecret(secrets, NAME)
    await secrets.write(NAME, OLD)
  })
  afterEach(() => folder.remove())

  const values = async () => [await secret.present(), await secret.previous()]
  /** Files as a process that died left them; null is one that is not there. */
  const leave = async ([present, previous, aside]: readonly [string, string | null, string | null]) => {
    await secrets.write(NAME, present)
    const path = secrets.previousPath(NAME)
    await mkdir(dirname(path), { recursive: true })
    if (previous) await writeFile(path, `${previous}\n`)
    if (aside) await writeFile(`${path}.aside`, `${aside}\n`)
  }

  it('has the new value in its place and the old one beside it, until that is forgotten', async () => {
    await secret.begin(NEW)
    expect(await values()).to.deep.equal([NEW, OLD])
    expect(await rotatingSecrets(secrets)).to.deep.equal([NAME])
    await secret.end()
    expect(await values()).to.deep.equal([NEW, undefined])
    expect(await rotatingSecrets(secrets)).to.deep.equal([])
    await secret.end()
  })

  it('goes back by an exchange of the two, and forth by another', async () => {
    await secret.begin(NEW)
    await secret.exchange()
    expect(await values()).to.deep.equal([OLD, NEW])
    await secret.exchange()
    expect(await values()).to.deep.equal([NEW, OLD])
  })

  it('is not begun anew over a value that is still kept', async () => {
    await secret.begin(NEW)
    await expectRejection(secret.begin('1'.repeat(64)), /rotation of redis-password has begun/)
    expect(await values()).to.deep.equal([NEW, OLD])
  })

  it('is for nobody else to read', async () => {
    await secret.begin(NEW)
    const path = secrets.previousPath(NAME)
    expect((await stat(path)).mode & 0o777).to.equal(0o600)
    expect((await stat(dirname(path))).mode & 0o777).to.equal(0o700)
  })

  for (const [where, left, mended, isPending] of [
    ['before anything', [OLD, null, null], [OLD, undefined], false],
    ['after the copy', [OLD, OLD, null], [OLD, undefined], false],
    ['once it has begun', [NEW, OLD, null], [NEW, OLD], true],
    ['in an exchange, after putting the new value aside', [NEW, OLD, NEW], [NEW, OLD], true],
    ['in an exchange, after going back', [OLD, OLD, NEW], [OLD, NEW], true],
    ['in the exchange back, after putting the old value aside', [OLD, NEW, OLD], [OLD, NEW], true],
    ['in the exchange back, after going forth', [NEW, NEW, OLD], [NEW, OLD], true],
  ] as const) {
    it(`keeps every value that was in use where a process dies ${where}`, async () => {
      await leave(left)
      for (const _ of [1, 2]) {
        expect(await secret.mend()).to.equal(isPending)
        expect(await values()).to.deep.equal(mended)
      }
      expect(await readdir(dirname(secrets.previousPath(NAME)))).to.deep.equal(isPending ? [NAME] : [])
    })
  }

  it('leaves aside what is no secret of a deployment', async () => {
    await leave([NEW, OLD, null])
    await writeFile(join(dirname(secrets.previousPath(NAME)), 'notes.txt'), 'mine')
    expect(await rotatingSecrets(secrets)).to.deep.equal([NAME])
  })
})
