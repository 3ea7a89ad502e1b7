import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { generateToken } from '../server/kernel/token-format.js'
import { Caller } from './caller.js'
import { freshDatabase, ROLE_PASSWORDS, redisUrl, stores } from './stores.js'

/** Packed, as a deployment runs it: it starts in less than half the time. */
const MAIN = fileURLToPath(new URL('../packed/server/main.js', import.meta.url))

/** The server as a real process. */
export interface ServerProcess {
  url: string
  pid: number
  operator: Caller
  /** Lines of the log so far. */
  log: string[]
  kill(signal: NodeJS.Signals): void
  /** Resolves to how the process ended. */
  exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
}

/** Settings of a deployment over a fresh database, under which any number of processes may be started. */
export async function prepareDeployment(): Promise<{
  env: Record<string, string>
  remove: () => Promise<void>
}> {
  const [shared, database, folder] = await Promise.all([
    stores(),
    freshDatabase(),
    mkdtemp(join(tmpdir(), 'vetrai-process-')),
  ])
  const env = {
    VETRAI_PORT: '0',
    VETRAI_SECRET: randomBytes(32).toString('hex'),
    DATABASE_URL: database.url,
    DATABASE_APP_PASSWORD: ROLE_PASSWORDS.app,
    DATABASE_SYSTEM_PASSWORD: ROLE_PASSWORDS.system,
    REDIS_URL: redisUrl(shared, database.index),
    REDIS_PASSWORD: shared.redis.password,
    OPERATOR_EMAIL: 'operator@vetrai.test',
    OPERATOR_PASSWORD: 'correct horse battery staple 42',
    OPERATOR_TOKEN: generateToken('vtr_at_'),
    AUTH_BCRYPT_COST: '4',
    RATE_LIMIT_FACTOR: '1000',
    MAILBOX_PATH: join(folder, 'mail'),
    OBJECT_STORE_PATH: join(folder, 'objects'),
  }
  return {
    env,
    remove: async () => {
      await database.drop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Runs the server to its end; for starts that must fail. */
export async function runServer(
  env: Record<string, string>,
): Promise<{ code: number | null; stderr: string }> {
  const child = spawn(process.execPath, [MAIN], { env, stdio: ['ignore', 'ignore', 'pipe'] })
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
  })
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, stderr }
}

/** Starts the server and resolves when it listens. */
export async function startServerProcess(env: Record<string, string>): Promise<ServerProcess> {
  const child = spawn(process.execPath, [MAIN], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const log: string[] = []
  const exited = once(child, 'exit').then(([code, signal]) => ({ code, signal }))
  const port = await Promise.race([
    listening(child, log),
    exited.then(() => Promise.reject(new Error(log.join('')))),
  ])
  const url = `http://127.0.0.1:${port}`
  return {
    url,
    log,
    exited,
    pid: child.pid ?? 0,
    operator: new Caller(url, { token: env.OPERATOR_TOKEN ?? '' }),
    kill: (signal) => child.kill(signal),
  }
}

function listening(child: ChildProcess, log: string[]): Promise<number> {
  return new Promise((resolve) => {
    let rest = ''
    child.stdout?.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        log.push(line)
        const entry = JSON.parse(line) as { msg?: string; port?: number }
        if (entry.msg === 'listening' && entry.port !== undefined) resolve(entry.port)
      }
    })
  })
}
