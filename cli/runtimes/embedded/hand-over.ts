import { type ChildProcess, spawn } from 'node:child_process'
import { constants } from 'node:os'
import { CliError, isSystemError } from '../../deployment/errors.js'

/**
 * Gives a program this process's standard streams and waits for its end: answers its exit code, as a shell would (128 and
 * the signal's number for one that a signal ended). CliError `command_missing` where it cannot be started.
 */
export async function handOver(
  command: string,
  args: readonly string[],
  { cwd, env }: { cwd: string; env: NodeJS.ProcessEnv },
): Promise<number> {
  const child = spawn(command, args, { cwd, env, stdio: 'inherit' })
  const release = stepBack(child)
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)))
    })
  } catch (error) {
    throw isSystemError(error, 'ENOENT', 'EACCES') ? missing(command, error) : error
  } finally {
    release()
  }
}

/** What the keyboard sends reaches the program by itself and is its business; what others send is passed on. */
function stepBack(child: ChildProcess): () => void {
  const handlers: [NodeJS.Signals, () => void][] = [
    ['SIGINT', () => undefined],
    ['SIGQUIT', () => undefined],
    ['SIGTERM', () => child.kill('SIGTERM')],
    ['SIGHUP', () => child.kill('SIGHUP')],
  ]
  for (const [signal, handler] of handlers) process.on(signal, handler)
  return () => {
    for (const [signal, handler] of handlers) process.off(signal, handler)
  }
}

function missing(command: string, cause: unknown): CliError {
  return new CliError({
    code: 'command_missing',
    message: `There is no program "${command}" that could be run here.`,
    next: 'Name one that is on the PATH of this host: this runtime has no containers of its own.',
    cause,
  })
}
