import type { Sequelize } from 'sequelize'
import type { Authenticator } from './authenticator.js'
import type { Ctx } from './context.js'
import type { JobRecord } from './define-job.js'
import type { PolicyRecord } from './define-policy.js'
import type { RouteRecord } from './define-route.js'
import type { EventCatalogue, EventName, StoredEvent } from './events.js'
import type { ActiveTenant } from './principal.js'
import type { Resources } from './resources.js'
import type { SealedColumn } from './sealed-column.js'

export type EventHandler<N extends EventName> = (ctx: Ctx, event: StoredEvent<N>) => Promise<void>

/** A service: the table of contents of its folder. */
export interface ServiceRecord {
  name: string
  /** What it is for, one sentence; shown in the API document. */
  summary: string
  prefix: `/${string}`
  /** Services it imports `api.ts` of, or whose events it handles. */
  needs: readonly string[]
  routes: readonly RouteRecord[]
  jobs?: readonly JobRecord[]
  policies?: readonly PolicyRecord[]
  /** The events it emits: what is not declared cannot be emitted. See `defineEvents`. */
  events?: EventCatalogue
  on?: { readonly [N in EventName]?: EventHandler<N> }
  /** Handles every event of every service, besides `on`. */
  onEvery?: EventHandler<EventName>
  /** Binds the service's models to the connection. */
  models?: readonly ((sequelize: Sequelize) => unknown)[]
  authenticators?: readonly Authenticator[]
  /** Every column of its tables that holds sealed values. */
  sealed?: readonly SealedColumn[]
  /** Finds a tenant by id or slug for the X-Tenant header; exactly one service gives it. */
  resolveTenant?: (resources: Resources, idOrSlug: string) => Promise<ActiveTenant | null>
  /** Runs once per process after the database is ready and before it listens (seeds, loops). */
  start?: (resources: Resources) => Promise<void>
  /** Rejects with a sentence when the service cannot work. */
  health?: (resources: Resources) => Promise<void>
}

/** Declares a service as a plain value; mounting it is the kernel's work. */
export function defineService(service: ServiceRecord): ServiceRecord {
  return service
}
