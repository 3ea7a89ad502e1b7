import { spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { CliError } from '../../deployment/errors.js'
import { type SshDestination, sshArguments } from './ssh-destination.js'

/** How a command on the other host ended. */
export interface RemoteRun {
  code: number
  stdout: string
  stderr: string
}

/** What a command on the other host is given. */
export interface RemoteOptions {
  /** Its standard input; nothing without. Secrets travel in it only. */
  input?: Readable | string
  /** Ends it. */
  signal?: AbortSignal
}

const LARGEST_ANSWER = 16 * 1024 * 1024
const KEPT_LINES = 20
const LONGEST_WORDS = 16_384
/** What `ssh` itself exits with where it could not do its part. */
const SSH_FAILED = 255

/** The other host, reached by the `ssh` of this one. */
export class RemoteHost {
  constructor(readonly destination: SshDestination) {}

  /** How people name it. */
  get name(): string {
    return this.destination.host
  }

  /**
   * Runs a script of `sh` there, with `args` as $1, $2 and so on. CliError `ssh_…` where it could not be run, or the connection
   * broke; how the script itself ended is for the caller to judge.
   */
  async run(script: string, args: readonly string[], options: RemoteOptions = {}): Promise<RemoteRun> {
    const words = ['sh', '-c', script, 'vetrai-move', ...args].map(quote).join(' ')
    const child = spawn('ssh', [...sshArguments(this.destination), words], {
      stdio: ['pipe', 'pipe', 'pipe'],
      signal: options.signal,
    })
    const ended = new Promise<number>((resolve, reject) => {
      child.once('error', (cause) => reject(options.signal?.aborted ? cut() : noProgram(cause)))
      child.once('close', (code) => resolve(code ?? SSH_FAILED))
    })
    const answer = readAnswer(child.stdout)
    // Nobody reads it where the command could not be run.
    answer.catch(() => undefined)
    const said = readLines(child.stderr)
    const fed = feed(child.stdin, options.input)
    const code = await ended
    const broken = await fed
    if (options.signal?.aborted) throw cut()
    if (code === SSH_FAILED) throw sshProblem(this.name, said())
    // What was to be sent could not be read here; what the script made of the rest does not matter.
    if (broken !== undefined && !isClosedPipe(broken)) throw broken
    return { code, stdout: await answer, stderr: said().join('\n') }
  }
}

/** A word as every shell that people sign in with takes it. */
export function quote(word: string): string {
  return /^[A-Za-z0-9_./:@=,+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}

/** Feeds it; answers what went wrong with that, which counts only where the command itself fails to say so. */
async function feed(stdin: NodeJS.WritableStream, input: Readable | string | undefined): Promise<unknown> {
  stdin.on('error', () => undefined)
  if (input === undefined || typeof input === 'string') {
    stdin.end(input ?? '')
    return undefined
  }
  return pipeline(input, stdin).then(
    () => undefined,
    (error: unknown) => error,
  )
}

async function readAnswer(stream: Readable): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size <= LARGEST_ANSWER) chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** The last lines of what it says. */
function readLines(stream: Readable): () => string[] {
  let text = ''
  stream.setEncoding('utf8').on('data', (more: string) => {
    text = (text + more).slice(-LONGEST_WORDS)
  })
  return () =>
    text
      .split(/\r?\n/)
      .map((line) => line.trim())
      .filter(Boolean)
      .slice(-KEPT_LINES)
}

function isClosedPipe(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return ['EPIPE', 'ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_DESTROYED'].includes(code)
}

function sshProblem(host: string, lines: string[]): CliError {
  const said = lines.slice(-3).join('\n') || 'the connection broke'
  const fields = { message: `${host} cannot be reached by ssh: ${said}` }
  if (/host key|HOST IDENTIFICATION/i.test(lines.join('\n'))) {
    return new CliError({
      ...fields,
      code: 'ssh_host_key',
      next: `Nothing is sent to a host that is not known to be the one it should be. Sign in once by hand with \`ssh ${host}\` and compare the fingerprint with what its console shows.`,
      exitCode: 4,
    })
  }
  if (/permission denied|too many authentication/i.test(said)) {
    return new CliError({
      ...fields,
      code: 'ssh_denied',
      next: `Have a key that signs in without being asked for anything: ssh-copy-id ${host}, or --ssh-identity FILE, or an agent.`,
      exitCode: 4,
    })
  }
  return new CliError({
    ...fields,
    code: 'ssh_failed',
    next: `See that \`ssh ${host} true\` works, then run the same command again.`,
    exitCode: 3,
  })
}

function noProgram(cause: Error): CliError {
  return new CliError({
    code: 'ssh_missing',
    message: `The program ssh cannot be started: ${cause.message}`,
    next: 'Install it (apt-get install openssh-client), or move by an archive: vetrai move --archive FILE',
    exitCode: 3,
    cause,
  })
}

function cut(): CliError {
  return new CliError({
    code: 'interrupted',
    message: 'The move was interrupted.',
    next: 'Run the same command again to begin anew.',
  })
}
