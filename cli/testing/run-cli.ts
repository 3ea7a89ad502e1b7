import { join } from 'node:path'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { main } from '../main.js'

const ROOT = join(fileURLToPath(import.meta.url), '../../../..')

/** What a command left behind. `json` parses standard output. */
export interface CliRun {
  code: number
  stdout: string
  stderr: string
  json<T = Record<string, unknown>>(): T
}

/**
 * Runs a command line in this process, as `bin/vetrai` would without a terminal: standard streams and
 * the given variables are replaced while it runs and put back after it. One at a time.
 */
export async function runCli(
  argv: readonly string[],
  { stdin = '', env = {} }: { stdin?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<CliRun> {
  const output = { stdout: '', stderr: '' }
  const restore = [
    capture(process.stdout, (text) => {
      output.stdout += text
    }),
    capture(process.stderr, (text) => {
      output.stderr += text
    }),
    replaceStdin(stdin),
    replaceEnv(env),
  ]
  const exitCode = process.exitCode
  process.exitCode = 0
  try {
    const code = await main(argv, ROOT)
    return { code, ...output, json: <T>() => JSON.parse(output.stdout) as T }
  } finally {
    process.exitCode = exitCode
    for (const undo of restore.reverse()) undo()
  }
}

function capture(stream: NodeJS.WriteStream, take: (text: string) => void): () => void {
  const { write, isTTY } = stream
  stream.write = (chunk: string | Uint8Array) => {
    take(String(chunk))
    return true
  }
  stream.isTTY = false
  return () => {
    stream.write = write
    stream.isTTY = isTTY
  }
}

function replaceStdin(text: string): () => void {
  const before = Object.getOwnPropertyDescriptor(process, 'stdin')
  Object.defineProperty(process, 'stdin', {
    value: Readable.from(text === '' ? [] : [text]),
    configurable: true,
  })
  return () => {
    if (before) Object.defineProperty(process, 'stdin', before)
  }
}

function replaceEnv(env: NodeJS.ProcessEnv): () => void {
  const before = { ...process.env }
  for (const name of Object.keys(process.env)) if (name.startsWith('VETRAI_')) delete process.env[name]
  Object.assign(process.env, env)
  return () => {
    for (const name of Object.keys(process.env)) delete process.env[name]
    Object.assign(process.env, before)
  }
}
