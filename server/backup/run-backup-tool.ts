import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { setPriority } from 'node:os'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { BackupError } from './backup-error.js'
import { TOOL_ALLOCATOR, TOOL_NODE_ARGS } from './tool/memory.js'

/** The program that does all that touches targets, beside this one. */
export const BACKUP_TOOL = fileURLToPath(new URL('../../packed/server/backup-tool.js', import.meta.url))

/** How long the program may take to end once it was told to. */
const GRACE_MS = 4_000
const LARGEST_RESULT = 4 * 1024 * 1024
const LONGEST_LINE = 64 * 1024
/** Lines that are none of the protocol which an error may show: the last ones say why a process ended. */
const KEPT_LINES = 4
/** Below whoever serves requests. */
const PRIORITY = 10

/** One run of the program. */
export interface ToolRun {
  program: string
  verb: string
  /** Handed over on standard input. */
  request: unknown
  env: NodeJS.ProcessEnv
  signal: AbortSignal
  onStep: (event: ToolEvent) => void
}

/** What the program tells while it works: a step begins, or how far the present one is. */
export type ToolEvent = { step: string } | { detail: string; done?: number; total?: number }

/**
 * Runs the program in a process of its own, so that it can neither fill the memory of this one nor end it. Answers its
 * result; throws its error as a BackupError. When this process is killed, the program finds nobody to talk to, and ends.
 */
export async function runBackupTool({
  program,
  verb,
  request,
  env,
  signal,
  onStep,
}: ToolRun): Promise<unknown> {
  signal.throwIfAborted()
  const child = spawn(process.execPath, [...TOOL_NODE_ARGS, program, verb], {
    env: { ...env, ...TOOL_ALLOCATOR },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const ended = endOf(child)
  lowerPriority(child.pid)
  const words = readWords(child.stderr, onStep)
  const release = endWith(child, signal)
  try {
    // Whoever ends before it has read everything is judged by how it ends.
    child.stdin.on('error', () => undefined)
    child.stdin.end(JSON.stringify(request))
    const [code, text] = await Promise.all([ended, collect(child)])
    signal.throwIfAborted()
    if (code !== 0) throw failure(verb, code, words())
    return parseObject(text) ?? fail(verb, 'its result is no JSON document')
  } finally {
    release()
  }
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>

function endOf(child: Child): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once('error', (cause) => reject(notStarted(cause)))
    child.once('close', resolve)
  })
}

function lowerPriority(pid: number | undefined): void {
  try {
    if (pid !== undefined) setPriority(pid, PRIORITY)
  } catch {
    // It has ended already, or the system does not let it.
  }
}

async function collect(child: Child): Promise<string> {
  const pieces: Buffer[] = []
  let size = 0
  child.stdout.on('error', () => undefined)
  child.stdout.on('data', (piece: Buffer) => {
    size += piece.length
    if (size > LARGEST_RESULT) child.kill('SIGKILL')
    else pieces.push(piece)
  })
  await new Promise((resolve) => {
    child.once('error', resolve)
    child.stdout.once('close', resolve)
  })
  return Buffer.concat(pieces).toString('utf8')
}

interface Words {
  error: BackupError | undefined
  /** The last lines that are none of the protocol. */
  others: string[]
}

function readWords(stream: Readable, onStep: ToolRun['onStep']): () => Words {
  const words: Words = { error: undefined, others: [] }
  let rest = ''
  const take = (line: string) => {
    const event = parseObject(line)
    if (isProblem(event?.error)) words.error = new BackupError(event.error)
    else if (typeof event?.step === 'string') onStep({ step: event.step })
    else if (typeof event?.detail === 'string') onStep({ detail: event.detail, ...figuresOf(event) })
    else if (line.trim() !== '')
      words.others = [...words.others, line.trim().slice(0, 300)].slice(-KEPT_LINES)
  }
  stream.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = (lines.pop() ?? '').slice(0, LONGEST_LINE)
    for (const line of lines) take(line)
  })
  return () => {
    take(rest)
    rest = ''
    return words
  }
}

function figuresOf({ done, total }: Record<string, unknown>): { done?: number; total?: number } {
  return typeof done === 'number' && typeof total === 'number' ? { done, total } : {}
}

/** Has the program end in order when it is told to, and at all events after a while. */
function endWith(child: Child, signal: AbortSignal): () => void {
  let timer: NodeJS.Timeout | undefined
  const end = () => {
    child.kill('SIGTERM')
    timer = setTimeout(() => child.kill('SIGKILL'), GRACE_MS)
  }
  signal.addEventListener('abort', end, { once: true })
  return () => {
    clearTimeout(timer)
    signal.removeEventListener('abort', end)
  }
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

function isProblem(value: unknown): value is { code: string; message: string; next: string } {
  if (typeof value !== 'object' || value === null) return false
  const { code, message, next } = value as Record<string, unknown>
  return [code, message, next].every((one) => typeof one === 'string')
}

function failure(verb: string, code: number | null, { error, others }: Words): Error {
  if (error) return error
  if (code === null)
    return ended(verb, 'it was killed', 'See whether this host ran out of memory (dmesg), then try again.')
  return ended(verb, others.join(' ') || `exit code ${code}`, AGAIN)
}

const AGAIN = 'See that everything runs with `vetrai status`, then try again: vetrai backup create'

function fail(verb: string, why: string): never {
  throw ended(verb, why, AGAIN)
}

function ended(verb: string, why: string, next: string): BackupError {
  const message = `The program that works on backups ended without a result (${verb}): ${why}.`
  return new BackupError({ code: 'tool_failed', message, next })
}

function notStarted(cause: unknown): BackupError {
  const code = (cause as NodeJS.ErrnoException).code ?? 'unknown'
  return new BackupError({
    code: 'tool_failed',
    message: `The program that works on backups cannot be started (${code}).`,
    next: 'See what this host lacks with: vetrai doctor',
    cause,
  })
}
