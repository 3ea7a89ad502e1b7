import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { findFreePort } from '../../cli/deployment/free-port.js'
import { onCores } from './cores.js'

/** Units of /proc/PID/stat in a second: fixed on Linux, whatever the kernel's own clock does. */
const CLOCK_TICKS = 100

/** A server process under measurement. */
export interface Measured {
  url: string
  pid: number
  /** Milliseconds from spawn until it took a connection. */
  bootMs: number
  stop(): Promise<void>
}

/** Starts a Node program that listens on `PORT`/`VETRAI_PORT`, on the given cores, and waits until it takes connections. */
export async function startServer(
  program: string,
  options: {
    env?: Record<string, string>
    cores?: 'server' | 'all'
    log?: string
    nodeArgs?: readonly string[]
  } = {},
): Promise<Measured> {
  const port = await findFreePort()
  const [file, args] = onCores(options.cores ?? 'server', [
    process.execPath,
    ...(options.nodeArgs ?? []),
    program,
  ])
  const out = options.log ? openSync(options.log, 'a') : 'ignore'
  const startedAt = performance.now()
  const child = spawn(file, args, {
    env: cleanEnv({ ...options.env, PORT: String(port), VETRAI_PORT: String(port) }),
    stdio: ['ignore', out, options.log ? out : 'inherit'],
  })
  await listening(port, child)
  const bootMs = performance.now() - startedAt
  const { pid } = child
  if (pid === undefined) throw new Error(`${program} could not be started`)
  return { url: `http://127.0.0.1:${port}`, pid, bootMs, stop: () => stop(child) }
}

/** Resident memory of a process in bytes. */
export function residentBytes(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Number(line?.[1] ?? 0) * 1024
}

/** Processor time a process has used so far, in milliseconds, all its threads together. */
export function processorMs(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The second field is the name in brackets and may hold spaces; utime and stime are fields 14 and 15.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / CLOCK_TICKS
}

/** Runs a command to its end; answers its time in milliseconds and what it printed. Throws when it fails. */
export async function timed(
  command: string[],
  options: { env?: Record<string, string>; timeoutMs?: number } = {},
): Promise<{ ms: number; stdout: string }> {
  const [file, args] = onCores('all', command)
  const startedAt = performance.now()
  const child = spawn(file, args, {
    env: cleanEnv(options.env ?? {}),
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: options.timeoutMs ?? 60_000,
  })
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', (chunk) => {
    stdout += chunk
  })
  child.stderr?.on('data', (chunk) => {
    stderr += chunk
  })
  const [code] = (await once(child, 'exit')) as [number | null]
  const ms = performance.now() - startedAt
  if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}: ${stderr.slice(-2000)}`)
  return { ms, stdout }
}

/** This environment without what would slow every Node process down. */
function cleanEnv(extra: Record<string, string>): NodeJS.ProcessEnv {
  const { NODE_EXTRA_CA_CERTS: _certificates, NODE_OPTIONS: _options, ...env } = process.env
  return { ...env, NODE_ENV: 'production', ...extra }
}

async function listening(port: number, child: ChildProcess): Promise<void> {
  const until = performance.now() + 30_000
  while (performance.now() < until) {
    if (child.exitCode !== null) throw new Error(`a server ended with ${child.exitCode} before it listened`)
    if (await accepts(port)) return
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  child.kill('SIGKILL')
  throw new Error('a server did not listen within 30 s')
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000)
  await ended
  clearTimeout(timer)
}
