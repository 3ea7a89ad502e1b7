import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { chmod, chown, mkdir, mkdtemp, open, readFile, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { findFreePort } from '../../deployment/free-port.js'
import { leaseCache } from './cache-folder.js'
import { plainEnv } from './host-env.js'
import { providePostgres } from './postgres-binaries.js'
import { ensureCluster } from './postgres-cluster.js'
import { writePostgresConfig } from './postgres-config.js'
import { probePostgres } from './postgres-probe.js'
import { provideRedis } from './redis-binaries.js'
import { probeRedis } from './redis-commands.js'
import { writeRedisConfig } from './redis-config.js'
import { canTraverse, chooseServiceUser, type ServiceUser, spawnAs } from './service-user.js'
import { postgresSocketFolder, redisSocket } from './store-sockets.js'

/** A throw-away PostgreSQL on loopback. */
export interface PrivatePostgres {
  host: string
  port: number
  adminUser: string
  adminPassword: string
  /** Folder of its unix socket; undefined where its path is too long for one. */
  socketFolder: string | undefined
  pid: number
  /** Stops it at once and removes what it kept. */
  stop(): Promise<void>
  /** Kills it as a crash would; what it kept stays. */
  kill(): Promise<void>
  /** Starts it again after `kill`, at the same port over the same data; resolves when that is recovered. */
  restart(): Promise<void>
}

/** A throw-away Redis on loopback. */
export interface PrivateRedis {
  host: string
  port: number
  password: string
  /** Its unix socket; undefined where its path is too long for one. */
  socket: string | undefined
  pid: number
  /** Stops it and removes what it kept. */
  stop(): Promise<void>
  /** Kills it as a crash would; a later `startPrivateRedis` may take the same port. */
  kill(): Promise<void>
}

/**
 * Starts a PostgreSQL for tests or tools, below `dir` or, where the service user cannot enter that,
 * in the system's folder for temporary files. It dies with this process, however that ends. `fast`
 * gives up durability.
 */
export async function startPrivatePostgres(options: {
  dir: string
  port?: number
  fast?: boolean
  maxConnections?: number
}): Promise<PrivatePostgres> {
  const { fast = false, maxConnections = 100 } = options
  await leaseCache(`process-${process.pid}`)
  const user = chooseServiceUser()
  const [binaries, folder, port] = await Promise.all([
    providePostgres(),
    privateFolder(options.dir, 'postgres', user),
    options.port ?? findFreePort(),
  ])
  const adminPassword = randomBytes(16).toString('hex')
  const place = { dataDir: join(folder, 'data'), user }
  await ensureCluster(binaries, place, { superuserPassword: adminPassword, durable: !fast })
  const socketFolder = postgresSocketFolder(folder)
  await writePostgresConfig(place, { port, socketFolder, maxConnections, durable: !fast })
  const start = async () => {
    const options = { user, guardSignal: 'QUIT' }
    const child = await launch(binaries.postgres, ['-D', place.dataDir], folder, options)
    await waitUntil(child, async () => (await probePostgres({ host: '127.0.0.1', port })) === 'ready')
    return child
  }
  let child = await start()
  return {
    ...{ host: '127.0.0.1', port, adminUser: 'postgres', adminPassword, socketFolder },
    get pid() {
      return child.pid
    },
    stop: async () => {
      await child.stop(fast ? 'SIGQUIT' : 'SIGINT')
      await rm(folder, { recursive: true, force: true })
    },
    kill: () => child.stop('SIGKILL'),
    restart: async () => {
      child = await persistently(start)
    },
  }
}

/** Tries again a start that fails: processes of a killed postmaster hold its memory until they notice. */
async function persistently<T>(start: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await start()
    } catch (error) {
      if (tries === 50) throw error
      await sleep(100)
    }
  }
}

/** Starts a Redis for tests or tools, as `startPrivatePostgres` does; it keeps nothing on disk. */
export async function startPrivateRedis(options: {
  dir: string
  port?: number
  password?: string
}): Promise<PrivateRedis> {
  await leaseCache(`process-${process.pid}`)
  const user = chooseServiceUser()
  const [binary, folder, port] = await Promise.all([
    provideRedis(),
    privateFolder(options.dir, 'redis', user),
    options.port ?? findFreePort(),
  ])
  const { password = randomBytes(16).toString('hex') } = options
  const address = { host: '127.0.0.1', port, password }
  const socket = redisSocket(folder)
  const config = await writeRedisConfig({ folder, port, socket, password, user, durable: false })
  const child = await launch(binary.command, [config], folder, { user, env: binary.env, guardSignal: 'KILL' })
  await waitUntil(child, () => probeRedis(address))
  const end = async (signal: NodeJS.Signals) => {
    await child.stop(signal)
    await rm(folder, { recursive: true, force: true })
  }
  return { ...address, socket, pid: child.pid, stop: () => end('SIGTERM'), kill: () => end('SIGKILL') }
}

/** A fresh folder of the service user's own that it can really reach. */
async function privateFolder(dir: string, name: string, user: ServiceUser | undefined): Promise<string> {
  const wanted = resolve(dir)
  await mkdir(wanted, { recursive: true })
  const parent = user && !(await canTraverse(wanted, user)) ? '/tmp' : wanted
  const folder = await mkdtemp(join(parent, `vetrai-${name}-`))
  await chmod(folder, 0o700)
  if (user) await chown(folder, user.uid, user.gid)
  return folder
}

interface GuardedChild {
  pid: number
  logFile: string
  hasExited(): boolean
  stop(signal: NodeJS.Signals): Promise<void>
}

async function launch(
  command: string,
  args: string[],
  folder: string,
  options: { user: ServiceUser | undefined; env?: Record<string, string>; guardSignal: string },
): Promise<GuardedChild> {
  const logFile = join(folder, `${randomUUID()}.log`)
  const log = await open(logFile, 'a', 0o600)
  const child = spawn(command, args, {
    cwd: folder,
    env: plainEnv(options.env),
    ...spawnAs(options.user),
    stdio: ['ignore', log.fd, log.fd],
  })
  const exited = new Promise<void>((settle) => child.once('exit', () => settle()))
  await once(child, 'spawn')
  await log.close()
  const pid = child.pid ?? 0
  const guard = guardAgainstOrphan(pid, options.guardSignal, folder)
  child.unref()
  return {
    pid,
    logFile,
    hasExited: () => child.exitCode !== null || child.signalCode !== null,
    stop: async (signal) => {
      child.kill(signal)
      const force = setTimeout(() => child.kill('SIGKILL'), 15_000)
      await exited
      clearTimeout(force)
      guard.kill('SIGKILL')
    },
  }
}

/** A shell that waits for this process to vanish (its pipe closes), then ends the child and tidies up. */
function guardAgainstOrphan(pid: number, signal: string, folder: string): ChildProcess {
  const script = `read -r _; kill -${signal} ${pid} 2>/dev/null; sleep 1; rm -rf "$1"`
  const guard = spawn('/bin/sh', ['-c', script, 'sh', folder], {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  guard.unref()
  // The open pipe alone must not keep a finished test run alive.
  const { stdin } = guard
  if (stdin && 'unref' in stdin && typeof stdin.unref === 'function') stdin.unref()
  return guard
}

async function waitUntil(child: GuardedChild, ready: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 30_000; Date.now() < deadline; ) {
    if (await ready()) return
    if (child.hasExited()) break
    await sleep(15)
  }
  const log = await readFile(child.logFile, 'utf8')
  await child.stop('SIGKILL')
  throw new Error(`the process did not become ready:\n${log.slice(-2_000)}`)
}
