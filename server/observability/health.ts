import type { Resources } from '../kernel/resources.js'
import { knownMigrations, schemaVersion } from '../storage/known-migrations.js'
import { VERSION } from '../version.js'

export interface Check {
  ok: boolean
  version?: string
  detail?: string
}

export interface Readiness {
  ready: boolean
  version: string
  schema_version: string
  checks: Record<string, Check> & { pgvector: Check & { available: boolean } }
}

/**
 * Whether this process can serve: PostgreSQL answers and has the schema this version wants, every service is
 * well. Redis being away degrades (limits are counted per process) and does not stop it. pgvector is reported;
 * features that need it answer 501 without it.
 */
export async function readiness(resources: Resources): Promise<Readiness> {
  const [postgres, redis, schema, pgvector] = await Promise.all([
    check(async () => ({ version: await resources.db.ping() })),
    check(async () => ({ version: await redisVersion(resources) })),
    schemaCheck(resources),
    vectorCheck(resources),
  ])
  const services = await Promise.all(
    resources.assembly.services.map(async (service) => {
      const result = await check(async () => {
        await service.health?.(resources)
        return {}
      })
      return [`service:${service.name}`, result] as const
    }),
  )
  const checks = { postgres, redis, schema, pgvector, ...Object.fromEntries(services) }
  const needed = [postgres, schema, ...services.map(([, result]) => result)]
  return {
    ready: needed.every((one) => one.ok),
    version: VERSION,
    schema_version: schema.version ?? 'unknown',
    checks,
  }
}

async function check(work: () => Promise<Partial<Check>>): Promise<Check> {
  let timer: NodeJS.Timeout | undefined
  const tooSlow = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer within 2 s')), 2_000)
  })
  try {
    return { ok: true, ...(await Promise.race([work(), tooSlow])) }
  } catch (error) {
    return { ok: false, detail: detailOf(error) }
  } finally {
    clearTimeout(timer)
  }
}

/** Anyone may ask for readiness, so errors of drivers, which name hosts and users, are shown by their code alone. */
function detailOf(error: unknown): string {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: string }
  if (typeof code === 'string') return `not reachable (${code})`
  return message ? message : 'not reachable'
}

async function redisVersion({ redis }: Resources): Promise<string> {
  return /^(?:valkey|redis)_version:(\S+)/m.exec(await redis.info('server'))?.[1] ?? ''
}

async function schemaCheck({ db }: Resources): Promise<Check> {
  return check(async () => {
    const rows = await db.readGlobal<{ name: string }>({
      text: 'select name from schema_migrations order by name',
    })
    const applied = new Set(rows.map((row) => row.name))
    const pending = (await knownMigrations()).filter((name) => !applied.has(name))
    if (pending.length > 0)
      throw new Error(`${pending.length} migrations are pending; run: vetrai migrate up`)
    return { version: schemaVersion(rows.map((row) => row.name)) }
  })
}

async function vectorCheck({ db }: Resources): Promise<Check & { available: boolean }> {
  const result = await check(async () => {
    const [row] = await db.readGlobal<{ version: string }>({
      text: "select coalesce(installed_version, default_version) as version from pg_available_extensions where name = 'vector'",
    })
    if (!row) throw new Error('this PostgreSQL brings no pgvector; vector search answers 501')
    return { version: row.version }
  })
  return { ...result, available: result.ok }
}
