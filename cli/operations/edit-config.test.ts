import { access, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { createDeployment } from '../deployment/create-deployment.js'
import { CliError } from '../deployment/errors.js'
import { temporaryFolder } from '../testing/temporary-folder.js'
import { type Edit, editConfig } from './edit-config.js'

describe('editing vetrai.yml', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let path: string

  beforeEach(async () => {
    folder = await temporaryFolder()
    path = (await createDeployment(join(folder.path, 'here'), {})).paths.config
  })
  afterEach(() => folder.remove())

  const replacing =
    (from: string | RegExp, to: string): Edit =>
    async (file) => {
      await writeFile(file, (await readFile(file, 'utf8')).replace(from, to))
      return 0
    }

  it('takes over what is valid and leaves no draft', async () => {
    expect(await editConfig(path, replacing(/^port: .*$/m, 'port: 8555'))).to.deep.equal({
      path,
      changed: true,
    })
    expect(await readFile(path, 'utf8')).to.include('port: 8555')
    await gone(`${path}.edit`)
  })

  it('says that nothing was changed', async () => {
    expect(await editConfig(path, async () => 0)).to.deep.equal({ path, changed: false })
  })

  it('keeps a text that is not valid for the next time, and vetrai.yml as it was', async () => {
    const before = await readFile(path, 'utf8')
    const error = await editConfig(path, replacing(/^port: .*$/m, 'port: many')).catch(
      (thrown: unknown) => thrown,
    )
    expect(error).to.be.instanceOf(CliError).and.include({ code: 'config_invalid' })
    expect(await readFile(path, 'utf8')).to.equal(before)

    await editConfig(path, replacing('port: many', 'port: 8556'))
    expect(await readFile(path, 'utf8')).to.include('port: 8556')
  })

  it('changes nothing when the editor fails', async () => {
    const error = await editConfig(path, async () => 1).catch((thrown: unknown) => thrown)
    expect(error).to.be.instanceOf(CliError).and.include({ code: 'editor_failed' })
  })
})

async function gone(path: string): Promise<void> {
  const there = await access(path).then(
    () => true,
    () => false,
  )
  expect(there).to.equal(false)
}
