import { chmod, mkdir, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { temporaryFolder } from '../../testing/temporary-folder.js'
import { lend } from './lend.js'

const USER = { uid: 10_001, gid: 10_001 }

describe('lending files to containers', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>

  before(async function () {
    // Only root runs containers as somebody else.
    if (process.getuid?.() !== 0) this.skip()
    folder = await temporaryFolder()
  })
  after(() => folder?.remove())

  const owner = async (path: string) => (await stat(path)).uid

  it('gives a closed file to their user until it is given back, and leaves an open one alone', async () => {
    const [closed, open] = [join(folder.path, 'closed.tar'), join(folder.path, 'open.tar')]
    await writeFile(closed, '', { mode: 0o600 })
    await writeFile(open, '')
    await chmod(open, 0o644)
    const back = [await lend(closed, USER), await lend(open, USER)]
    expect([await owner(closed), await owner(open)]).to.deep.equal([USER.uid, 0])
    for (const giveBack of back) await giveBack()
    expect([await owner(closed), await owner(open)]).to.deep.equal([0, 0])
  })

  it('gives of a folder what is of backups, and follows no link', async () => {
    const root = join(folder.path, 'target')
    const elsewhere = join(folder.path, 'elsewhere')
    await mkdir(join(root, 'backups', 'one'), { recursive: true, mode: 0o700 })
    for (const path of [elsewhere, join(root, 'private'), join(root, 'backups', 'one', 'manifest.json')])
      await writeFile(path, '', { mode: 0o600 })
    await symlink(elsewhere, join(root, 'backups', 'link'))
    const giveBack = await lend(root, USER)
    const owners = () =>
      Promise.all(
        ['', 'backups/one/manifest.json', 'private', '../elsewhere'].map((name) => owner(join(root, name))),
      )
    expect(await owners()).to.deep.equal([USER.uid, USER.uid, 0, 0])
    await giveBack()
    expect(await owners()).to.deep.equal([0, 0, 0, 0])
  })

  it('says what to do where it cannot', async () => {
    const error = await lend(join(folder.path, 'missing'), USER).catch((reason: unknown) => reason)
    expect(error).to.include({ code: 'file_unreadable', exitCode: 4 })
  })
})
