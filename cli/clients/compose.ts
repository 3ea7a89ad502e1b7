import { spawn } from 'node:child_process'
import { CliError } from '../deployment/errors.js'
import { dockerEnv } from './docker.js'

/** What one run of `docker compose` left. */
export interface ComposeOutput {
  code: number
  stdout: string
  stderr: string
}

/** Which files and project `docker compose` works on. */
export interface ComposeProject {
  /** Name of the project; never that of the folder. */
  name: string
  /** Directory that relative paths start from. */
  dir: string
  /** Compose files, later ones win. `-` reads `input`. */
  files: string[]
}

export interface ComposeRunOptions {
  /** What standard input says. */
  input?: string
  /** Every line of standard error as it comes: Compose tells its progress there. */
  onLine?: (line: string) => void
  /** Throw when it fails (default). */
  check?: boolean
  /** Further environment. */
  env?: Record<string, string>
}

/**
 * Runs `docker compose` on a project. CliError `compose_failed` with the last lines it wrote, `compose_missing` where there
 * is no such command. Secrets never stand in arguments.
 */
export async function compose(
  project: ComposeProject,
  args: string[],
  options: ComposeRunOptions = {},
): Promise<ComposeOutput> {
  const output = await spawnCompose([...projectArgs(project), ...args], options)
  if (output.code === 0 || options.check === false) return output
  throw failed(args[0] ?? '', output)
}

/** Text without the control sequences that some versions of Compose write even where there is no terminal. */
export function withoutControls(text: string): string {
  return text.replaceAll(CONTROL, '')
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: the escape is what is taken out.
const CONTROL = /\u001b\[[\d;]*[A-Za-z]/g

/** Version of the Compose plugin, such as `2.26.1`; undefined where there is none. */
export async function composeVersion(): Promise<string | undefined> {
  const { code, stdout } = await spawnCompose(['version', '--short'], {}).catch(() => ({
    code: 1,
    stdout: '',
  }))
  return code === 0 ? stdout.trim().replace(/^v/, '') : undefined
}

/** Hands the terminal over to `docker compose`; resolves with its exit code. */
export async function composeInteractive(project: ComposeProject, args: string[]): Promise<number> {
  const env = await dockerEnv()
  return new Promise((resolve, reject) => {
    const child = spawn('docker', composeArgs(project, args), { env, stdio: 'inherit' })
    child.once('error', (error) => reject(missing(error)))
    child.once('close', (code) => resolve(code ?? 1))
  })
}

/** Arguments of `docker` for a command on a project, for those who start it themselves. */
export function composeArgs(project: ComposeProject, args: string[]): string[] {
  return ['compose', ...projectArgs(project), ...args]
}

function projectArgs({ name, dir, files }: ComposeProject): string[] {
  return ['--project-name', name, '--project-directory', dir, ...files.flatMap((file) => ['--file', file])]
}

async function spawnCompose(args: string[], options: ComposeRunOptions): Promise<ComposeOutput> {
  const env = { ...(await dockerEnv()), COMPOSE_ANSI: 'never', COMPOSE_PROGRESS: 'plain', ...options.env }
  return new Promise((resolve, reject) => {
    const child = spawn('docker', ['compose', ...args], { env, stdio: ['pipe', 'pipe', 'pipe'] })
    let stdout = ''
    let stderr = ''
    let partial = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-100_000)
      if (!options.onLine) return
      const lines = (partial + text).split(/[\r\n]+/)
      partial = lines.pop() ?? ''
      for (const line of lines) if (line.trim()) options.onLine(line.trim())
    })
    child.once('error', (error) => reject(missing(error)))
    child.once('close', (code) => resolve({ code: code ?? 1, stdout, stderr }))
    // A command that ends before it has read everything is judged by its exit code.
    child.stdin.on('error', () => undefined)
    child.stdin.end(options.input ?? '')
  })
}

function missing(cause: unknown): CliError {
  return new CliError({
    code: 'compose_missing',
    message: 'The command `docker compose` is not there.',
    next: 'Install the Docker command line with the Compose plugin 2.20 or later.',
    exitCode: 3,
    cause,
  })
}

function failed(verb: string, { code, stdout, stderr }: ComposeOutput): CliError {
  const lines = `${stderr}\n${stdout}`.trim().split('\n').filter(Boolean).slice(-8)
  return new CliError({
    code: 'compose_failed',
    message: `docker compose ${verb} failed (exit ${code}):\n${lines.join('\n')}`,
    next: 'Read the cause above; run `vetrai doctor` for what this host lacks, then the same command again.',
  })
}
