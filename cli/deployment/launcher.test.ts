import { spawn } from 'node:child_process'
import {
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'

const project = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..')

/** A project of one file whose "compiler" copies it; it needs no package from anywhere. */
const MANIFEST = { name: 'vetrai', version: '9.9.9', scripts: { build: 'node build.js' } }
const LOCK = { name: 'vetrai', version: '9.9.9', lockfileVersion: 3, packages: { '': { name: 'vetrai' } } }
const BUILD = `
const fs = require('node:fs')
fs.appendFileSync('builds', 'x')
if (fs.existsSync('broken')) { console.error('cli/main.ts(1,1): error'); process.exit(2) }
for (const folder of ['dist/cli', 'dist/packed/cli']) {
  fs.mkdirSync(folder, { recursive: true })
  fs.copyFileSync('cli/main.ts', folder + '/main.js')
}
fs.writeFileSync('dist/packed/oclif.manifest.json', '{}')
`
const MAIN =
  'exports.main = async (argv) => { console.log(JSON.stringify(argv)); process.exitCode = argv.length }'

describe('bin/vetrai', function () {
  this.timeout(60_000)
  let root: string

  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'vetrai-launcher-'))
    await cp(join(project, 'bin'), join(root, 'bin'), { recursive: true })
    await mkdir(join(root, 'cli'))
    await writeFile(join(root, 'package.json'), JSON.stringify(MANIFEST))
    await writeFile(join(root, 'package-lock.json'), JSON.stringify(LOCK))
    await writeFile(join(root, 'tsconfig.json'), '{}')
    await writeFile(join(root, 'build.js'), BUILD)
    await writeFile(join(root, 'cli', 'main.ts'), MAIN)
  })

  after(() => rm(root, { recursive: true }))

  it('tells its version before anything is installed or built', async () => {
    const result = await launch(['--version'])
    expect(result).to.deep.include({ code: 0, stderr: '' })
    expect(result.stdout).to.match(/^vetrai\/9\.9\.9 \S+ node-v\d/)
  })

  it('installs and builds on first use, once, however many start together', async () => {
    const [first, second] = await Promise.all([launch(['up', '--json']), launch(['status'])])

    expect(first).to.include({ code: 2, stdout: '["up","--json"]\n' })
    expect(second).to.include({ code: 1, stdout: '["status"]\n' })
    expect(first.stderr + second.stderr)
      .to.include('installing')
      .and.include('building')
    expect(await builds()).to.equal(1)
  })

  it('installs nothing through a link to the packages of another checkout', async () => {
    const [mine, theirs] = [join(root, 'node_modules'), join(root, 'theirs')]
    const stamp = join(theirs, '.vetrai-install')
    await rename(mine, theirs)
    await rename(stamp, `${stamp}ed`)
    await touch(join(root, 'package-lock.json'))
    await symlink(theirs, mine)
    expect((await launch(['status'])).stderr).to.not.include('installing')
    expect(await readdir(theirs)).to.include('.vetrai-installed')
    await rename(`${stamp}ed`, stamp)
    await rm(mine)
    await rename(theirs, mine)
  })

  it('hands over without a word when nothing is to be done', async () => {
    expect(await launch(['status'])).to.deep.equal({ code: 1, stdout: '["status"]\n', stderr: '' })
    expect(await builds()).to.equal(1)
  })

  it('builds again when a source is newer, and is silent about it with --quiet', async () => {
    await touch(join(root, 'cli', 'main.ts'))
    await mkdir(join(root, 'dist', 'cli', 'commands'))
    await writeFile(join(root, 'dist', 'cli', 'old.js'), '')
    expect(await launch(['status', '--quiet'])).to.include({ stdout: '["status","--quiet"]\n', stderr: '' })
    expect(await builds()).to.equal(2)
    // What has no source any more is gone.
    expect(await readdir(join(root, 'dist', 'cli'))).to.deep.equal(['main.js'])
  })

  it('does not install again for a lock file that is newer but the same', async () => {
    await touch(join(root, 'package-lock.json'))
    expect((await launch([])).stderr).not.to.include('installing')
  })

  it('never takes a failed build for a whole one', async () => {
    await writeFile(join(root, 'broken'), '')
    await touch(join(root, 'cli', 'main.ts'))
    for (let n = 0; n < 2; n++) {
      const { code, stdout, stderr } = await launch(['status'])
      expect({ code, stdout }).to.deep.equal({ code: 1, stdout: '' })
      expect(stderr).to.include('error').and.include('npm run build')
    }
    await rm(join(root, 'broken'))
    expect((await launch(['status'])).stdout).to.equal('["status"]\n')
  })

  it('takes over the lock of a build that was killed', async () => {
    await writeFile(join(root, 'dist', '.build.lock'), `${process.pid} 1`)
    await touch(join(root, 'cli', 'main.ts'))
    expect((await launch([])).code).to.equal(0)
  })

  it('runs as an installed package without sources and without a lock file', async () => {
    await rm(join(root, 'tsconfig.json'))
    await rm(join(root, 'package-lock.json'))
    await rm(join(root, 'cli'), { recursive: true })
    expect(await launch(['a'])).to.deep.equal({ code: 1, stdout: '["a"]\n', stderr: '' })
  })

  it('says in plain words that Node is too old, in a syntax every Node can read', async () => {
    const source = await readFile(join(root, 'bin', 'vetrai'), 'utf8')
    expect(source).not.to.match(/=>|\bconst\b|\blet\b|`|\basync\b|\?\./)
    const old = "Object.defineProperty(process,'version',{value:'v18.20.4'});"
    await writeFile(join(root, 'old.cjs'), `${old}require('./bin/vetrai')`)
    const { code, stderr } = await run(process.execPath, [join(root, 'old.cjs')])
    expect(code).to.equal(1)
    expect(stderr).to.include('needs Node.js 20.19').and.include('v18.20.4')
  })

  const launch = (argv: string[]) => run(join(root, 'bin', 'vetrai'), argv)
  const builds = async () => (await readFile(join(root, 'builds'), 'utf8')).length
})

/** Tests run quicker than file times tick: a source is made a little newer than now. */
async function touch(path: string): Promise<void> {
  const soon = new Date(Date.now() + 10)
  await utimes(path, soon, soon)
  await new Promise((resolve) => setTimeout(resolve, 20))
}

async function run(
  command: string,
  args: string[],
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const env = { ...process.env, VETRAI_SKIP_BUILD: '' }
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    child.once('close', (code) => resolve({ code, stdout, stderr }))
  })
}
