import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runProgram } from './run-program.js'

/**
 * Downloads Debian or Ubuntu packages and unpacks them into a folder. Works without root and leaves
 * the system as it was: apt gets lists, cache and state folders of its own, so the system's lists may
 * be empty. Signatures are checked as always. Throws when anything cannot be had.
 */
export async function fetchDebianPackages(
  packages: string[],
  target: string,
  { withLibraries }: { withLibraries: boolean },
): Promise<void> {
  const view = await mkdtemp(join(tmpdir(), 'vetrai-apt-'))
  try {
    const config = await writeView(view)
    await apt('apt-get', ['-c', config, 'update', '-q'], view)
    const names = withLibraries ? [...packages, ...(await libraries(config, packages, view))] : packages
    const downloads = join(view, 'packages')
    await apt('apt-get', ['-c', config, 'download', '-q', ...new Set(names)], downloads)
    for (const file of (await readdir(downloads)).filter((name) => name.endsWith('.deb'))) {
      await apt('dpkg', ['-x', join(downloads, file), target], view)
    }
  } finally {
    await rm(view, { recursive: true, force: true })
  }
}

/** `#clear` drops hooks of the system's own apt settings, which would clean the system's cache. */
async function writeView(view: string): Promise<string> {
  for (const folder of ['lists/partial', 'cache/archives/partial', 'packages']) {
    await mkdir(join(view, folder), { recursive: true })
  }
  await writeFile(join(view, 'status'), '')
  const config = join(view, 'apt.conf')
  await writeFile(
    config,
    [
      '#clear APT::Update::Pre-Invoke;',
      '#clear APT::Update::Post-Invoke;',
      '#clear APT::Update::Post-Invoke-Success;',
      '#clear DPkg::Pre-Invoke;',
      '#clear DPkg::Post-Invoke;',
      `Dir::State "${view}";`,
      `Dir::State::lists "${view}/lists";`,
      `Dir::State::status "${view}/status";`,
      `Dir::Cache "${view}/cache";`,
      'Acquire::Languages "none";',
      'Acquire::Retries "2";',
      'Debug::NoLocking "true";',
      `APT::Sandbox::User "root";`,
      '',
    ].join('\n'),
  )
  return config
}

/** Every library the packages need, however deep, but not the C library itself. */
async function libraries(config: string, packages: string[], cwd: string): Promise<string[]> {
  const options = ['--recurse', '--no-suggests', '--no-recommends', '--no-conflicts', '--no-breaks']
  const args = ['-c', config, 'depends', ...options, '--no-replaces', '--no-enhances', ...packages]
  const output = await apt('apt-cache', args, cwd)
  const names = output.split('\n').filter((line) => /^lib[a-z0-9.+-]+$/.test(line))
  return names.filter((name) => !/^lib(c6|gcc-s1|c-bin|nss|pam|perl)/.test(name))
}

async function apt(program: string, args: string[], cwd: string): Promise<string> {
  const result = await runProgram(program, args, { cwd, timeoutMs: 180_000 })
  if (result.code === 0) return result.stdout
  throw new Error(`${program} failed: ${result.stderr.trim().split('\n').slice(-3).join(' ')}`)
}
