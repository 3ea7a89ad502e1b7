import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import {
  type PrivatePostgres,
  type PrivateRedis,
  startPrivatePostgres,
  startPrivateRedis,
} from '../../cli/runtimes/embedded/private-stores.js'
import { redisCommand } from '../../cli/runtimes/embedded/redis-commands.js'
import { connectOwner } from '../../server/storage/migrations.js'
import { migratedDatabase, ROLE_PASSWORDS } from '../stores.js'
import { LEASE_MS } from './kinds.js'
import type { Random } from './random.js'

const PROGRAM = fileURLToPath(new URL('./worker-program.js', import.meta.url))

export const STRIKES = [
  'kill a worker',
  'stop a worker',
  'freeze a worker',
  'flush Redis',
  'kill Redis',
  'kill PostgreSQL',
] as const
export type Strike = (typeof STRIKES)[number]

/** A deployment of its own, all of it real and durable: stores and workers are processes that may be killed. */
export class ChaosDeployment {
  readonly env: Record<string, string>
  /** Workers that ended otherwise than by a strike or by the poisonous job. */
  readonly crashes: string[] = []
  /** Workers that a job killed. */
  poisoned = 0
  readonly #dir: string
  readonly #postgres: PrivatePostgres
  #redis: PrivateRedis
  readonly #workers = new Set<ChildProcess>()
  readonly #struck = new Set<ChildProcess>()
  #isOver = false

  private constructor(
    dir: string,
    { postgres, redis }: { postgres: PrivatePostgres; redis: PrivateRedis },
    url: string,
  ) {
    this.#dir = dir
    this.#postgres = postgres
    this.#redis = redis
    this.env = {
      VETRAI_SECRET: randomBytes(32).toString('hex'),
      DATABASE_URL: url,
      DATABASE_APP_PASSWORD: ROLE_PASSWORDS.app,
      DATABASE_SYSTEM_PASSWORD: ROLE_PASSWORDS.system,
      REDIS_URL: `redis://${redis.host}:${redis.port}/0`,
      REDIS_PASSWORD: redis.password,
      OBJECT_STORE_PATH: join(dir, 'objects'),
      LOG_LEVEL: 'fatal',
    }
  }

  static async start(workers: number): Promise<ChaosDeployment> {
    const dir = await mkdtemp(join(tmpdir(), 'vetrai-chaos-'))
    const [postgres, redis] = await Promise.all([startPrivatePostgres({ dir }), startPrivateRedis({ dir })])
    const url = await migratedDatabase(postgres, 'chaos')
    const owner = await connectOwner(url, ROLE_PASSWORDS.owner)
    await owner.query('create table effects (job_id uuid not null)')
    await owner.query('grant select, insert on effects to vetrai_app, vetrai_system')
    await owner.end()
    const deployment = new ChaosDeployment(dir, { postgres, redis }, url)
    await Promise.all(Array.from({ length: workers }, () => deployment.#startWorker()))
    return deployment
  }

  /** Does this to it and has it healed; answers what was struck. */
  async strike(strike: Strike, random: Random): Promise<string> {
    const downMs = random.between(50, 400)
    switch (strike) {
      case 'kill a worker':
      case 'stop a worker': {
        const worker = random.pick([...this.#workers])
        this.#struck.add(worker)
        worker.kill(strike === 'kill a worker' ? 'SIGKILL' : 'SIGTERM')
        if (worker.exitCode === null && worker.signalCode === null) await once(worker, 'exit')
        return `${strike} (pid ${worker.pid})`
      }
      case 'freeze a worker': {
        const worker = random.pick([...this.#workers])
        worker.kill('SIGSTOP')
        await sleep(LEASE_MS * 1.5)
        // It goes on with jobs that others have by now.
        worker.kill('SIGCONT')
        return `${strike} (pid ${worker.pid})`
      }
      case 'flush Redis':
        await redisCommand(this.#redis, ['FLUSHALL'])
        return strike
      case 'kill Redis': {
        const { port, password } = this.#redis
        await this.#redis.kill()
        await sleep(downMs)
        this.#redis = await startPrivateRedis({ dir: this.#dir, port, password })
        return `${strike}, away for ${downMs} ms`
      }
      case 'kill PostgreSQL':
        await this.#postgres.kill()
        await sleep(downMs)
        await this.#postgres.restart()
        return `${strike}, away for ${downMs} ms`
    }
  }

  async remove(): Promise<void> {
    this.#isOver = true
    const ended = [...this.#workers].map((worker) => {
      worker.kill('SIGKILL')
      return once(worker, 'exit')
    })
    await Promise.all(ended)
    await Promise.all([this.#postgres.stop(), this.#redis.stop()])
    await rm(this.#dir, { recursive: true, force: true })
  }

  async #startWorker(): Promise<void> {
    const worker = spawn(process.execPath, [PROGRAM], { env: this.env, stdio: ['pipe', 'pipe', 'pipe'] })
    this.#workers.add(worker)
    let words = ''
    worker.stderr.on('data', (chunk: Buffer) => {
      words += chunk.toString()
    })
    worker.once('exit', (code, signal) => {
      this.#workers.delete(worker)
      if (this.#isOver) return
      const wasStruck = this.#struck.delete(worker)
      if (!wasStruck && signal === 'SIGKILL') this.poisoned += 1
      else if (!wasStruck || (signal === null && code !== 0)) this.crashes.push(`${code ?? signal}: ${words}`)
      void this.#startWorker()
    })
    await once(worker.stdout, 'data')
  }
}
