import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { askLoopback } from '../../outbound/ask-loopback.js'
import { BackupError } from '../backup-error.js'
import { type DatabaseLogin, partsOf } from '../database/open-client.js'
import { beginRest } from '../installation-rest.js'

const START_MS = 60_000

/** One thing that was asked of a server, and what it answered. */
export interface Check {
  name: string
  ok: boolean
  detail: string
}

/** What it must answer to the operator. */
const PATHS = {
  'is ready': '/readyz',
  'lists organisations': '/tenancy/v1/tenants?limit=1',
  'lists people': '/auth/v1/users?limit=1',
}

/** What a server is tried with. */
export interface Trial {
  env: NodeJS.ProcessEnv
  /** The database that it is to serve. */
  login: DatabaseLogin
  kit: { secrets: Record<string, string> }
}

/**
 * Starts a server of this version on a database, has it answer, and ends it. The installation rests meanwhile, as far as that
 * database knows: nothing is delivered, fired or run from it. Throws what the server or an answer says.
 */
export async function tryServer({ env, login, kit }: Trial): Promise<Check[]> {
  await beginRest(login, 'This is a drill.')
  const folder = await mkdtemp(join(tmpdir(), 'vetrai-drill-'))
  try {
    const secret = async (name: string) => {
      const value = kit.secrets[name]
      if (value === undefined) throw failed(`the backup holds no secret ${name}`)
      await writeFile(join(folder, name), `${value}\n`, { mode: 0o600 })
      return join(folder, name)
    }
    const child = start({
      ...without(env, [
        'VETRAI_SECRET',
        'VETRAI_SECRET_PREVIOUS_FILE',
        'OPERATOR_TOKEN',
        'OPERATOR_PASSWORD',
      ]),
      DATABASE_URL: urlOf(env.DATABASE_URL ?? '', login),
      DATABASE_POOL_MAX: '2',
      VETRAI_HOST: '127.0.0.1',
      VETRAI_PORT: '0',
      VETRAI_ROLES: 'api',
      VETRAI_SECRET_FILE: await secret('master-key'),
      OPERATOR_TOKEN_FILE: await secret('operator-token'),
      OPERATOR_PASSWORD_FILE: await secret('operator-password'),
      LOG_LEVEL: 'info',
    })
    try {
      const port = await listening(child)
      const checks: Check[] = []
      for (const [name, path] of Object.entries(PATHS)) {
        checks.push({ name, ok: true, detail: await ask(port, path, kit.secrets['operator-token']) })
      }
      return checks
    } finally {
      await end(child)
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The program beside this one. */
function start(env: NodeJS.ProcessEnv): ChildProcess {
  const program = join(dirname(process.argv[1] ?? ''), 'main.js')
  return spawn(process.execPath, [program], { env, cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] })
}

/** The port that the server says it listens on. */
function listening(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let last = ''
    const timer = setTimeout(
      () => reject(failed(`it does not start within ${START_MS / 1_000} s: ${last}`)),
      START_MS,
    )
    const read = (stream: NodeJS.ReadableStream | null) =>
      stream &&
      createInterface({ input: stream }).on('line', (line) => {
        last = line.slice(0, 500)
        const port = portIn(line)
        if (port === undefined) return
        clearTimeout(timer)
        resolve(port)
      })
    read(child.stdout)
    read(child.stderr)
    child.once('error', (error) => reject(failed(error.message)))
    child.once('exit', () => {
      clearTimeout(timer)
      reject(failed(`it ended: ${last}`))
    })
  })
}

function portIn(line: string): number | undefined {
  try {
    const { msg, port } = JSON.parse(line) as { msg?: string; port?: number }
    return msg === 'listening' ? port : undefined
  } catch {
    return undefined
  }
}

async function ask(port: number, path: string, token?: string): Promise<string> {
  const headers: Record<string, string> = token === undefined ? {} : { Authorization: `Bearer ${token}` }
  const { status, text } = await askLoopback(port, path, headers)
  if (status !== 200) throw failed(`${path} answers ${status}: ${text.slice(0, 300)}`)
  return `${path} answers ${status}`
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.kill('SIGTERM')
  const force = setTimeout(() => child.kill('SIGKILL'), 15_000)
  await ended
  clearTimeout(force)
}

function urlOf(living: string, login: DatabaseLogin): string {
  const url = new URL(living)
  url.pathname = `/${partsOf(login).database}`
  return url.href
}

function without(env: NodeJS.ProcessEnv, names: string[]): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !names.includes(name)))
}

function failed(what: string): BackupError {
  return new BackupError({
    code: 'drill_failed',
    message: `No server answers on the restored data: ${what}.`,
    next: 'Keep other backups until this is understood; see `vetrai logs server`, then: vetrai backup drill',
  })
}
