import { chown, writeFile } from 'node:fs/promises'
import { totalmem } from 'node:os'
import { join } from 'node:path'
import { isSystemError } from '../../deployment/errors.js'
import type { ClusterPlace } from './postgres-cluster.js'

const MB = 1024 * 1024
const PG_HBA = 'local all all scram-sha-256\nhost all all 127.0.0.1/32 scram-sha-256\n'

/** What a private PostgreSQL is told. */
export interface PostgresSettings {
  port: number
  /** Folder for a unix socket beside loopback; none without it. */
  socketFolder?: string | undefined
  maxConnections: number
  /** False gives up durability for speed: tests only. */
  durable: boolean
  /** Bytes of memory to size buffers by; the machine's when left out. */
  memory?: number
}

/**
 * Writes postgresql.conf and pg_hba.conf of a cluster: loopback and its own socket, passwords by
 * SCRAM, modest memory. Both are generated at every start; the operator's own settings go to local.conf beside them.
 */
export async function writePostgresConfig(place: ClusterPlace, settings: PostgresSettings): Promise<void> {
  await writeOwned(place, 'postgresql.conf', postgresConf(settings))
  await writeOwned(place, 'pg_hba.conf', PG_HBA)
  await writeOwned(place, 'local.conf', '# Settings of your own; they win.\n', 'wx').catch(ignoreExisting)
}

function postgresConf(settings: PostgresSettings): string {
  const { port, socketFolder = '', maxConnections, durable, memory = totalmem() } = settings
  const sharedBuffers = clamp(Math.floor(memory / MB / 32), 32, 128)
  return [
    '# Generated at every start. Settings of your own go to local.conf in this folder.',
    "listen_addresses = '127.0.0.1'",
    `port = ${port}`,
    `unix_socket_directories = '${socketFolder}'`,
    'unix_socket_permissions = 0700',
    `max_connections = ${maxConnections}`,
    'password_encryption = scram-sha-256',
    `shared_buffers = ${sharedBuffers}MB`,
    `effective_cache_size = ${clamp(Math.floor(memory / MB / 4), 128, 8192)}MB`,
    'work_mem = 8MB',
    'maintenance_work_mem = 64MB',
    'dynamic_shared_memory_type = posix',
    'max_wal_size = 512MB',
    'min_wal_size = 80MB',
    'jit = off',
    'random_page_cost = 1.1',
    ...durability(durable),
    "log_timezone = 'UTC'",
    "timezone = 'UTC'",
    "lc_messages = 'C'",
    "log_line_prefix = '%m [%p] '",
    'log_checkpoints = off',
    "default_text_search_config = 'pg_catalog.english'",
    "include = 'local.conf'",
    '',
  ].join('\n')
}

function durability(durable: boolean): string[] {
  if (durable) return ['fsync = on', 'synchronous_commit = on', 'full_page_writes = on']
  return [
    ...['fsync = off', 'synchronous_commit = off', 'full_page_writes = off'],
    ...['autovacuum = off', 'wal_level = minimal', 'max_wal_senders = 0'],
  ]
}

async function writeOwned(
  { dataDir, user }: ClusterPlace,
  name: string,
  content: string,
  flag: 'w' | 'wx' = 'w',
): Promise<void> {
  const path = join(dataDir, name)
  await writeFile(path, content, { mode: 0o600, flag })
  if (user) await chown(path, user.uid, user.gid)
}

function ignoreExisting(error: unknown): void {
  if (!isSystemError(error, 'EEXIST')) throw error
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high)
}
