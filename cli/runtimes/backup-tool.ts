import { type ChildProcessByStdio, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { CliError } from '../deployment/errors.js'

/** What the program that makes and reads backups can do. */
export type ToolVerb =
  | 'create'
  | 'list'
  | 'info'
  | 'verify'
  | 'prune'
  | 'copy'
  | 'download'
  | 'drill'
  | 'check-target'
  | (string & {})

/** What the program tells while it works: a step begins, or how far the present one is. */
export type ToolEvent = { step: string } | { detail: string; done?: number; total?: number }

/** A file or folder of this host that the program is to see under the same path, wherever it runs. */
export interface ToolMount {
  path: string
  /** False unless said: it may only be read. */
  writable?: boolean
}

/** One run of the program. */
export interface ToolRequest {
  verb: ToolVerb
  /** Handed over on standard input: it may hold keys. */
  request: unknown
  mounts?: readonly ToolMount[]
  /** Takes what the program writes where that is no JSON document (`download`); the result is undefined then. */
  output?: Writable
  /** False for what looks at targets only, and works while the deployment is stopped. */
  needsStores?: boolean
  onStep?: (event: ToolEvent) => void
  /** Ends the program. */
  signal?: AbortSignal
}

/** How a runtime starts the program. */
export interface ToolCommand {
  command: string
  args: string[]
  env: NodeJS.ProcessEnv
  cwd: string
  /** Ends what the command started and does not end with it; called when the command was told to end, and has. */
  cleanUp?: () => Promise<void>
}

/** How Node runs it, and what the C library's allocator is told: as the server does (server/backup/tool/memory.ts). */
export const TOOL_NODE_ARGS: readonly string[] = ['--max-semi-space-size=4']
export const TOOL_ALLOCATOR: Readonly<Record<string, string>> = {
  MALLOC_ARENA_MAX: '1',
  MALLOC_MMAP_THRESHOLD_: '33554432',
  MALLOC_TRIM_THRESHOLD_: '1073741824',
}

const GRACE_MS = 20_000
const LARGEST_RESULT = 256 * 1024 * 1024
const KEPT_WORDS = 8

type Child = ChildProcessByStdio<Writable, Readable, Readable>

/**
 * Runs the program to its end: its result, or its error as a CliError. It ends with this command, also by a signal, and is
 * waited for, so that nothing works on behind anybody's back.
 */
export async function runTool(tool: ToolRequest, how: ToolCommand): Promise<unknown> {
  const child = spawn(how.command, how.args, { cwd: how.cwd, env: how.env, stdio: ['pipe', 'pipe', 'pipe'] })
  const ended = endOf(child)
  const words = readWords(child.stderr, tool.onStep)
  const stop = endWith(child, tool.signal)
  try {
    // Whoever ends before it has read everything is judged by how it ends.
    child.stdin.on('error', () => undefined)
    // Stays open: the program ends when this command is killed, and its input with it.
    child.stdin.write(`${JSON.stringify(tool.request)}\n`)
    const outcome = await settled(collect(child.stdout, tool.output))
    child.stdin.end()
    // A disk that is full must not leave the program writing to nobody.
    if ('error' in outcome) child.kill('SIGTERM')
    const code = await ended
    if (stop.asked() || 'error' in outcome) await how.cleanUp?.()
    if (stop.asked()) throw interrupted(tool.verb)
    if ('error' in outcome) throw outcome.error
    if (code !== 0) throw failure(tool.verb, code, words())
    return outcome.value === undefined ? undefined : parseResult(tool.verb, outcome.value)
  } finally {
    stop.release()
  }
}

function endOf(child: Child): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once('error', (cause) => reject(notStarted(cause)))
    child.once('close', (code) => resolve(code))
  })
}

async function settled<T>(work: Promise<T>): Promise<{ value: T } | { error: unknown }> {
  return work.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )
}

async function collect(stream: Readable, output: Writable | undefined): Promise<string | undefined> {
  if (!output) return readAll(stream)
  await pipeline(stream, output)
  return undefined
}

async function readAll(stream: Readable): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > LARGEST_RESULT) throw new Error('the result is too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

interface Words {
  error?: { code: string; message: string; next: string }
  /** The last lines that are not of the protocol. */
  others: string[]
}

/** Reads the lines of standard error as they come. */
function readWords(stream: Readable, onStep: ToolRequest['onStep']): () => Words {
  const words: Words = { others: [] }
  let partial = ''
  const take = (line: string) => {
    if (line.trim() === '') return
    const event = parseObject(line)
    const error = event?.error
    if (isProblem(error)) words.error = error
    else if (typeof event?.step === 'string') onStep?.({ step: event.step })
    else if (typeof event?.detail === 'string') onStep?.({ detail: event.detail, ...figures(event) })
    else words.others = [...words.others, line.trim().slice(0, 500)].slice(-KEPT_WORDS)
  }
  stream.setEncoding('utf8').on('data', (text: string) => {
    const lines = (partial + text).split(/\r?\n/)
    partial = lines.pop() ?? ''
    for (const line of lines) take(line)
  })
  return () => {
    take(partial)
    partial = ''
    return words
  }
}

function figures({ done, total }: Record<string, unknown>): { done?: number; total?: number } {
  return {
    ...(typeof done === 'number' && { done }),
    ...(typeof total === 'number' && { total }),
  }
}

/** Has the program end when the caller, the terminal or the system says so. */
function endWith(child: Child, signal: AbortSignal | undefined) {
  let asked = false
  let timer: NodeJS.Timeout | undefined
  const end = () => {
    if (asked) return
    asked = true
    child.kill('SIGTERM')
    timer = setTimeout(() => child.kill('SIGKILL'), GRACE_MS)
  }
  if (signal?.aborted) end()
  signal?.addEventListener('abort', end)
  for (const name of SIGNALS) process.on(name, end)
  return {
    asked: () => asked,
    release: () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      for (const name of SIGNALS) process.off(name, end)
    },
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

function parseResult(verb: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw failure(verb, 0, { others: ['its result is no JSON document'] })
  }
}

function parseObject(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    return JSON.parse(line) as Record<string, unknown>
  } catch {
    return undefined
  }
}

function isProblem(value: unknown): value is { code: string; message: string; next: string } {
  if (typeof value !== 'object' || value === null) return false
  const { code, message, next } = value as Record<string, unknown>
  return [code, message, next].every((one) => typeof one === 'string')
}

function failure(verb: string, code: number | null, { error, others }: Words): CliError {
  if (error) return new CliError(error)
  const how = code === null || code === 137 ? 'it was killed' : others.join('\n') || `exit code ${code}`
  return new CliError({
    code: 'tool_failed',
    message: `backup ${verb} ended without a result: ${how}`,
    next:
      code === null || code === 137
        ? 'See whether this host ran out of memory (dmesg), then try again.'
        : 'See that everything runs with `vetrai status`, then try again.',
  })
}

function interrupted(verb: string): CliError {
  return new CliError({
    code: 'interrupted',
    message: `backup ${verb} was interrupted.`,
    next: 'Nothing half done counts; run the same command again.',
  })
}

function notStarted(cause: unknown): CliError {
  return new CliError({
    code: 'tool_failed',
    message: `The program that makes backups cannot be started: ${cause instanceof Error ? cause.message : String(cause)}`,
    next: 'See what this host lacks with: vetrai doctor',
    cause,
  })
}
