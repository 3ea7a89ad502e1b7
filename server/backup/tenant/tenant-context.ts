import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import type { SealedColumn } from '../../kernel/sealed-column.js'
import type { Secrets } from '../../kernel/secrets.js'
import type { ObjectStore } from '../../storage/object-store/object-store.js'
import type { RedisClient } from '../../storage/redis.js'

/** What the tools of tenants work with; who opens it closes it. */
export interface TenantContext {
  /** A new connection as vetrai_system, without time limits; whoever asked ends it. */
  connectSystem(): Promise<pg.Client>
  /** A new connection as vetrai_owner, which writes permits and nothing else. */
  connectOwner(): Promise<pg.Client>
  readonly secrets: Secrets
  /** Columns of sealed values of every service. */
  readonly sealed: readonly SealedColumn[]
  readonly objects: ObjectStore
  /** Redis, where it is at hand: servers are told to look anew, and counters of an erased tenant go. */
  readonly redis?: RedisClient | undefined
  /** Told what is being done. */
  step?(text: string): void
  /** Who does it, for audit lines and certificates. */
  readonly actor: string
  readonly now: () => Date
  /** How long servers are given to let nobody in any more; a second unless said. */
  readonly shutMs?: number
}

/** Resolves when no server lets anybody of a tenant in that was shut out: identities are at most 800 ms old. */
export async function untilShut({ shutMs = 1_000 }: Pick<TenantContext, 'shutMs'>): Promise<void> {
  await sleep(shutMs)
}

/** Runs `work` on a connection that is ended after it. */
export async function withClient<T>(
  connect: () => Promise<pg.Client>,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = await connect()
  // A connection that breaks fails the statement that runs on it; the event must not end the program.
  client.on('error', () => undefined)
  try {
    return await work(client)
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** Has every server read a tenant anew, by its id or slug. A hint: they look by themselves within 800 ms. */
export async function announce(context: TenantContext, ...names: string[]): Promise<void> {
  for (const name of names)
    await context.redis?.publish('vetrai:bus', `drop:tenant\n${name}`).catch(() => undefined)
}

/** Fingerprint of the installation's root key, which tells nothing of it. */
export function installationOf({ secrets }: Pick<TenantContext, 'secrets'>): string {
  return secrets.hash('archive', 'installation')
}
