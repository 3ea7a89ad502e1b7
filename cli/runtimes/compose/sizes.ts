/** Memory of each container in MB, and what PostgreSQL and Redis are told of it. */
export interface Sizes {
  server: number
  worker: number
  postgres: number
  redis: number
  objects: number
  proxy: number
  prometheus: number
  grafana: number
  exporter: number
  /** What makes base backups. */
  wal: number
  /** PostgreSQL settings by name. */
  postgresSettings: Record<string, string>
  /** `maxmemory` of Redis in MB; below its container's limit, so that saving has room. */
  redisMax: number
}

/** What the containers beside the database ask for whatever the host has. */
const LEAST = { server: 256, worker: 192, postgres: 256, redis: 64, objects: 256, proxy: 64 }
/** More than this buys them nothing. */
const MOST = { server: 4_096, worker: 4_096, postgres: 262_144, redis: 16_384, objects: 8_192, proxy: 512 }
/** Parts of the memory. They leave a sixth to the host and the page cache; limits are no reservations. */
const SHARE = { server: 0.2, worker: 0.12, postgres: 0.3, redis: 0.08, objects: 0.12, proxy: 0.04 }

/**
 * Sizes containers for a host of `memoryMb`. Deterministic, so that the rendered files change only when vetrai.yml does.
 * PostgreSQL's buffers follow its own guide: a quarter to shared_buffers, three quarters expected of caches.
 */
export function sizesFor(memoryMb: number, connections: number): Sizes {
  const part = (name: keyof typeof SHARE) =>
    Math.min(Math.max(Math.round(memoryMb * SHARE[name]), LEAST[name]), MOST[name])
  const postgres = part('postgres')
  const redis = part('redis')
  return {
    server: part('server'),
    worker: part('worker'),
    postgres,
    redis,
    objects: part('objects'),
    proxy: part('proxy'),
    prometheus: clamp(memoryMb * 0.06, 192, 2_048),
    grafana: clamp(memoryMb * 0.04, 192, 1_024),
    exporter: 64,
    wal: clamp(memoryMb * 0.06, 192, 1_024),
    redisMax: Math.floor(redis * 0.6),
    postgresSettings: postgresSettings(postgres, connections),
  }
}

function postgresSettings(memoryMb: number, connections: number): Record<string, string> {
  const buffers = clamp(memoryMb / 4, 64, 65_536)
  return {
    listen_addresses: '*',
    max_connections: String(connections),
    shared_buffers: `${buffers}MB`,
    effective_cache_size: `${clamp(memoryMb * 0.75, 128, 262_144)}MB`,
    work_mem: `${clamp((memoryMb - buffers) / (connections * 2), 2, 64)}MB`,
    maintenance_work_mem: `${clamp(memoryMb / 16, 32, 2_048)}MB`,
    max_wal_size: '1GB',
    random_page_cost: '1.1',
    jit: 'off',
    password_encryption: 'scram-sha-256',
    log_timezone: 'UTC',
    timezone: 'UTC',
    log_min_duration_statement: '2000',
  }
}

function clamp(value: number, least: number, most: number): number {
  return Math.round(Math.min(Math.max(value, least), most))
}
