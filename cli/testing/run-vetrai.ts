import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = join(fileURLToPath(import.meta.url), '../../../..')

/** What a real process of the command line left behind. */
export interface VetraiRun {
  code: number | null
  stdout: string
  stderr: string
  json<T = Record<string, unknown>>(): T
}

/**
 * Runs bin/vetrai as a process of its own, without a terminal and with no variable of ours but those
 * given. `until` ends a command that would run on, as soon as its output satisfies it.
 */
export async function runVetrai(
  argv: readonly string[],
  {
    stdin = '',
    env = {},
    program = ROOT,
    until,
    killedWhen,
    killedBy = 'SIGKILL',
  }: {
    stdin?: string
    env?: NodeJS.ProcessEnv
    /** Folder of another installation than this one. */
    program?: string
    until?: (stdout: string) => boolean
    /** Asked again and again; true ends the process as a power cut would. */
    killedWhen?: () => boolean
    /** Ends it otherwise then. */
    killedBy?: NodeJS.Signals
  } = {},
): Promise<VetraiRun> {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('VETRAI_'))
  const child = spawn(process.execPath, [join(program, 'bin', 'vetrai'), ...argv], {
    env: { ...Object.fromEntries(inherited), VETRAI_SKIP_BUILD: '1', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const output = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk: Buffer) => {
    output.stdout += String(chunk)
    if (until?.(output.stdout)) child.kill('SIGTERM')
  })
  child.stderr.on('data', (chunk: Buffer) => {
    output.stderr += String(chunk)
  })
  child.stdin.end(stdin)
  const watch =
    killedWhen &&
    setInterval(() => {
      if (!killedWhen()) return
      clearInterval(watch)
      child.kill(killedBy)
    }, 2)
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', () => clearInterval(watch))
    child.once('close', resolve)
  })
  return { code, ...output, json: <T>() => JSON.parse(output.stdout) as T }
}
