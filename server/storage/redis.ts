import { Redis } from 'ioredis'
import { bareHost } from './database.js'

export type RedisClient = Redis

export interface RedisOptions {
  /** redis://, rediss:// or unix:///path?db=n */
  url: string
  password?: string | undefined
  name: string
  onError?: (error: Error) => void
}

/**
 * Opens a Redis connection that fails fast: commands are refused at once while it is away (nothing is queued
 * or sent twice) and it reconnects by itself for ever.
 */
export function openRedis({ url, password, name, onError }: RedisOptions): RedisClient {
  // Not subclassed: bee-queue recognises a client by its class name.
  const client = new Redis({
    ...redisAddress(url),
    ...(password ? { password } : {}),
    connectionName: name,
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: 250,
    connectTimeout: 2_000,
    enableAutoPipelining: true,
    // Who listens subscribes at every `ready`; the library's own way leaves a rejection that nobody handles.
    autoResubscribe: false,
    retryStrategy: (attempt) => Math.min(50 * attempt, 1_000),
  })
  client.on('error', (error: Error) => onError?.(error))
  client.connect().catch(() => undefined)
  return client
}

/** Where a Redis address leads: a socket, or host and port, with the number of the database. */
export function redisAddress(url: string): {
  path?: string
  host?: string
  port?: number
  db: number
  tls?: object
} {
  const parsed = new URL(url)
  if (parsed.protocol === 'unix:')
    return { path: parsed.pathname, db: Number(parsed.searchParams.get('db') ?? 0) }
  return {
    host: bareHost(parsed.hostname),
    port: Number(parsed.port || 6379),
    db: Number(parsed.pathname.slice(1) || 0),
    ...(parsed.protocol === 'rediss:' ? { tls: {} } : {}),
  }
}

/** Resolves when the client can take commands, or after `ms` whichever is first; never rejects. */
export async function untilReady(client: RedisClient, ms: number): Promise<boolean> {
  if (client.status === 'ready') return true
  return new Promise((resolve) => {
    const timer = setTimeout(() => done(false), ms)
    const onReady = () => done(true)
    const done = (ready: boolean) => {
      clearTimeout(timer)
      client.off('ready', onReady)
      resolve(ready)
    }
    client.once('ready', onReady)
  })
}
