import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { until } from '../until.js'
import { docker } from './docker.js'

const run = promisify(execFile)
const SCRIPT = fileURLToPath(new URL('../../../test/appliance/engine/engine.sh', import.meta.url))

/** What a program on such a host left behind. */
export interface LonelyRun {
  code: number
  stdout: string
  stderr: string
}

/** True where such a host can be made: it takes root. */
export const mayBeLonely = process.getuid?.() === 0

/**
 * A host with Docker and Node, no image and a network that leads nowhere: an engine of its own in a network namespace of its
 * own, and programs that run in there with hardly any environment.
 */
export class LonelyHost {
  private constructor(
    /** A folder of this host's; everything of it is removed in the end. */
    readonly folder: string,
    private readonly pid: string,
  ) {}

  static async begin(): Promise<LonelyHost> {
    const folder = await mkdtemp(join(tmpdir(), 'vetrai-lonely-'))
    const plugins = join(folder, 'docker-config', 'cli-plugins')
    await mkdir(plugins, { recursive: true })
    await copyFile(await pathOfCompose(), join(plugins, 'docker-compose'))
    await mkdir(join(folder, 'bin'))
    await symlink(process.execPath, join(folder, 'bin', 'node'))
    // An engine that the script could take instead of a new one must not be found.
    const env = { ...process.env, DOCKER_HOST: 'unix:///nowhere.sock', VETRAI_CI_CACHE: folder }
    const start = `ip link set lo up && exec '${SCRIPT}' up`
    const child = spawn('unshare', ['--net', '--uts', 'sh', '-c', start], { env, stdio: 'inherit' })
    const [code] = await once(child, 'exit')
    if (code !== 0) throw new Error('no engine starts in a network of its own')
    return new LonelyHost(folder, (await readFile(join(folder, 'dockerd.pid'), 'utf8')).trim())
  }

  /** Runs a program on it; its working directory is `folder`. */
  async run(program: string, ...args: string[]): Promise<LonelyRun> {
    const variables = {
      HOME: this.folder,
      PATH: [join(this.folder, 'bin'), dirname(await pathOf('docker')), '/usr/bin', '/bin'].join(delimiter),
      DOCKER_HOST: `unix://${this.folder}/docker.sock`,
      DOCKER_CONFIG: join(this.folder, 'docker-config'),
    }
    const env = Object.entries(variables).map(([name, value]) => `${name}=${value}`)
    const inside = [`--net=/proc/${this.pid}/ns/net`, 'env', '--ignore-environment', ...env, program, ...args]
    const child = spawn('nsenter', inside, { cwd: this.folder, stdio: ['ignore', 'pipe', 'pipe'] })
    const output = { stdout: '', stderr: '' }
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output.stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output.stderr += text
    })
    const [code] = (await once(child, 'close')) as [number | null]
    return { code: code ?? -1, ...output }
  }

  /** Stops its containers and its engine, and removes everything. */
  async remove(): Promise<void> {
    const { stdout } = await this.run('docker', 'ps', '--all', '--quiet')
    const containers = stdout.trim().split('\n').filter(Boolean)
    if (containers.length > 0) await this.run('docker', 'rm', '--force', '--volumes', ...containers)
    process.kill(Number(this.pid), 'SIGTERM')
    await until(() => !isAlive(Number(this.pid)), 60_000)
    await rm(this.folder, { recursive: true, force: true })
  }
}

/** The Compose plugin that the engine's client uses here. */
async function pathOfCompose(): Promise<string> {
  const format = '{{range .ClientInfo.Plugins}}{{if eq .Name "compose"}}{{.Path}}{{end}}{{end}}'
  return docker('info', '--format', format)
}

async function pathOf(program: string): Promise<string> {
  return (await run('sh', ['-c', `command -v ${program}`])).stdout.trim()
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
