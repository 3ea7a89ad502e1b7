import { chown, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ServiceUser } from './service-user.js'

/** What a private Redis or Valkey is told. */
export interface RedisSettings {
  folder: string
  port: number
  /** A unix socket beside loopback; none without it. */
  socket?: string | undefined
  password: string
  user: ServiceUser | undefined
  /** False keeps nothing on disk: tests only. */
  durable: boolean
}

/**
 * Writes redis.conf (mode 0600, so the password is in no argument list) and gives its path: loopback
 * and its own socket, append-only file synced every second, nothing evicted.
 */
export async function writeRedisConfig(settings: RedisSettings): Promise<string> {
  const { folder, port, socket, password, user, durable } = settings
  const path = redisConfigPath(folder)
  const lines = [
    '# Generated at every start.',
    'bind 127.0.0.1',
    `port ${port}`,
    ...(socket === undefined ? [] : [`unixsocket ${socket}`, 'unixsocketperm 700']),
    'protected-mode yes',
    `requirepass ${password}`,
    'daemonize no',
    `dir ${quoted(folder)}`,
    'maxmemory-policy noeviction',
    'loglevel notice',
    'databases 16',
    'tcp-backlog 128',
    ...(durable
      ? ['appendonly yes', 'appendfsync everysec', 'aof-load-truncated yes', 'save 3600 1 300 1000']
      : ['appendonly no', 'save ""']),
    '',
  ]
  await writeFile(path, lines.join('\n'), { mode: 0o600 })
  if (user) await chown(path, user.uid, user.gid)
  return path
}

/** Where the settings of a Redis are, in its own folder. */
export function redisConfigPath(folder: string): string {
  return join(folder, 'redis.conf')
}

/** Redis reads double quotes as C does. */
function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`
}
