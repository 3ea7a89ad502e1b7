import type { Logger } from 'pino'
import type { Config } from '../config/config.js'
import type { Jobs } from '../jobs/jobs.js'
import type { Metrics } from '../observability/metrics.js'
import type { Mailer } from '../outbound/mail.js'
import type { SafeFetch } from '../outbound/safe-fetch.js'
import type { Bus } from '../storage/bus.js'
import type { Database } from '../storage/database.js'
import type { SealingKeys } from '../storage/installation-keys/sealing-keys.js'
import type { Maintenance } from '../storage/maintenance.js'
import type { ObjectStore } from '../storage/object-store/object-store.js'
import type { RedisClient } from '../storage/redis.js'
import type { Assembly } from './assemble.js'
import type { SealedColumn } from './sealed-column.js'
import type { Secrets } from './secrets.js'
import type { StateDefinition, StateHolder } from './state.js'

/** What a server holds open, given to every operation through its context. */
export interface Resources {
  readonly config: Config
  readonly log: Logger
  readonly db: Database
  readonly redis: RedisClient
  readonly bus: Bus
  readonly secrets: Secrets
  readonly sealingKeys: SealingKeys
  /** Columns of sealed values of every service, mounted here or not. */
  readonly sealed: readonly SealedColumn[]
  /** Whether the installation rests. */
  readonly maintenance: Maintenance
  readonly mail: Mailer
  readonly fetch: SafeFetch
  readonly jobs: Jobs
  readonly objects: ObjectStore
  readonly metrics: Metrics
  /** The services, routes, permissions and handlers, checked at boot. */
  readonly assembly: Assembly
  readonly states: StateHolder<Resources>
  /** The clock; tests may set it. */
  readonly now: () => Date
}

/** Declares a service's per-process state (caches, buffers); read it with `stateOf`. */
export function defineState<S>(
  name: string,
  create: (resources: Resources) => S,
  close?: (state: S) => Promise<void> | void,
): StateDefinition<S, Resources> {
  return close ? { name, create, close } : { name, create }
}

/** The state of a definition in this server. */
export function stateOf<S>(resources: Resources, definition: StateDefinition<S, Resources>): S {
  return resources.states.get(definition, resources)
}
