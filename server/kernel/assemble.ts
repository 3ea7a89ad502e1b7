import type { Authenticator } from './authenticator.js'
import { checkRoutes, checkUnique } from './check-routes.js'
import type { JobRecord } from './define-job.js'
import type { PolicyRule } from './define-policy.js'
import type { RouteRecord } from './define-route.js'
import type { EventHandler, ServiceRecord } from './define-service.js'
import type { EventDeclaration, EventName } from './events.js'
import type { PermissionMatrix } from './permissions.js'
import { MEMBERSHIP_ROLES, ROLES } from './principal.js'
import { isScope } from './scopes.js'

/** A route with its full path and its service. */
export interface MountedRoute {
  service: ServiceRecord
  record: RouteRecord
  /** Full path pattern, e.g. `/keys/v1/keys/:keyId`. */
  path: string
}

/** An event handler; `key` is what the outbox remembers its deliveries by. */
export interface MountedHandler {
  key: string
  run: EventHandler<EventName>
}

/** The checked whole of all services: everything that mounts, documents or tests them reads this. */
export interface Assembly {
  services: readonly ServiceRecord[]
  routes: readonly MountedRoute[]
  permissions: PermissionMatrix
  rules: ReadonlyMap<string, PolicyRule<never>>
  authenticators: readonly Authenticator[]
  /** Every event that can be emitted. */
  events: ReadonlyMap<EventName, EventDeclaration>
  handlers: ReadonlyMap<EventName, readonly MountedHandler[]>
  jobs: readonly JobRecord[]
}

/** A mistake in the declarations; the process must not start. All of them are listed. */
export class AssemblyError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(`the services do not fit together:\n${problems.map((p) => `  - ${p}`).join('\n')}`)
    this.name = 'AssemblyError'
  }
}

/**
 * Checks the services against each other and sorts them so that each comes after what it needs. Refuses a
 * missing need, a cycle, a duplicate route, operation or job, an unknown permission, an incomplete route.
 */
export function assemble(
  all: readonly ServiceRecord[],
  permissions: PermissionMatrix,
  only?: readonly string[],
): Assembly {
  const problems: string[] = []
  for (const name of only ?? []) {
    if (!all.some((service) => service.name === name)) {
      problems.push(`VETRAI_SERVICES names "${name}", which is not in server/services.ts`)
    }
  }
  const chosen = only ? all.filter((service) => only.includes(service.name)) : all
  const services = sortByNeeds(chosen, all, problems)
  checkPermissions(permissions, problems)
  const routes = services.flatMap(mountRoutes)
  checkRoutes(routes, permissions, problems)
  const jobs = services.flatMap((service) => service.jobs ?? [])
  checkUnique(
    jobs.map((job) => job.name),
    'job',
    problems,
  )
  checkUnique(
    services.map((service) => service.prefix),
    'prefix',
    problems,
  )
  const rules = collectRules(services, permissions, problems)
  const events = collectEvents(services, problems)
  if (problems.length > 0) throw new AssemblyError(problems)
  return {
    services,
    routes,
    // Without a prototype, so that a name every object has is no permission.
    permissions: Object.assign(Object.create(null), permissions) as PermissionMatrix,
    rules,
    authenticators: services.flatMap((service) => service.authenticators ?? []),
    events,
    handlers: collectHandlers(services, events),
    jobs,
  }
}

function sortByNeeds(
  chosen: readonly ServiceRecord[],
  all: readonly ServiceRecord[],
  problems: string[],
): ServiceRecord[] {
  const byName = new Map(chosen.map((service) => [service.name, service]))
  if (byName.size !== chosen.length)
    checkUnique(
      chosen.map((s) => s.name),
      'service',
      problems,
    )
  const sorted: ServiceRecord[] = []
  const state = new Map<string, 'visiting' | 'done'>()
  const visit = (service: ServiceRecord, trail: string[]): void => {
    if (state.get(service.name) === 'done') return
    if (state.get(service.name) === 'visiting') {
      problems.push(`services need each other in a circle: ${[...trail, service.name].join(' → ')}`)
      return
    }
    state.set(service.name, 'visiting')
    for (const need of service.needs) {
      const needed = byName.get(need)
      if (needed) visit(needed, [...trail, service.name])
      else if (all.some((other) => other.name === need)) {
        problems.push(`service "${service.name}" needs "${need}", which VETRAI_SERVICES leaves out`)
      } else problems.push(`service "${service.name}" needs "${need}", which is not in server/services.ts`)
    }
    state.set(service.name, 'done')
    sorted.push(service)
  }
  for (const service of chosen) visit(service, [])
  return sorted
}

function mountRoutes(service: ServiceRecord): MountedRoute[] {
  return service.routes.map((record) => ({ service, record, path: fullPath(service.prefix, record.path) }))
}

function fullPath(prefix: string, path: string | undefined): string {
  if (path === undefined) return `${prefix}/v1`
  return path.startsWith('//') ? `${prefix}${path.slice(1)}` : `${prefix}/v1${path}`
}

function checkPermissions(permissions: PermissionMatrix, problems: string[]): void {
  for (const [name, row] of Object.entries(permissions)) {
    for (const role of row.roles) {
      if (!ROLES.includes(role)) problems.push(`permission "${name}" names the unknown role "${role}"`)
      if (row.level === 'installation' && (MEMBERSHIP_ROLES as readonly string[]).includes(role)) {
        problems.push(`permission "${name}" works across tenants and cannot be given to "${role}"`)
      }
    }
    if (row.scope !== null && (!isScope(row.scope) || row.scope.includes('*'))) {
      problems.push(`permission "${name}" has the scope "${row.scope}", which is not resource:action`)
    }
  }
}

function collectRules(services: readonly ServiceRecord[], permissions: PermissionMatrix, problems: string[]) {
  const rules = new Map<string, PolicyRule<never>>()
  for (const service of services) {
    for (const policy of service.policies ?? []) {
      for (const [permission, rule] of Object.entries(policy.rules)) {
        if (!Object.hasOwn(permissions, permission))
          problems.push(`policy of "${service.name}" judges the unknown permission "${permission}"`)
        if (rules.has(permission)) problems.push(`two policies judge "${permission}"`)
        rules.set(permission, rule)
      }
    }
  }
  return rules
}

function collectEvents(services: readonly ServiceRecord[], problems: string[]) {
  const events = new Map<EventName, EventDeclaration>()
  for (const service of services) {
    for (const [name, declaration] of Object.entries(service.events ?? {})) {
      if (!name.startsWith(`${service.name}.`))
        problems.push(`service "${service.name}" declares the event "${name}", which is not its own`)
      events.set(name as EventName, declaration)
    }
  }
  for (const service of services) {
    for (const name of Object.keys(service.on ?? {})) {
      if (!events.has(name as EventName))
        problems.push(`service "${service.name}" handles the event "${name}", which nobody declares`)
    }
  }
  return events
}

function collectHandlers(services: readonly ServiceRecord[], events: ReadonlyMap<EventName, unknown>) {
  const handlers = new Map<EventName, MountedHandler[]>([...events.keys()].map((name) => [name, []]))
  for (const { name: service, on, onEvery } of services) {
    for (const [name, list] of handlers) {
      const run = on?.[name] as EventHandler<EventName> | undefined
      if (run) list.push({ key: service, run })
      if (onEvery) list.push({ key: `${service}:every`, run: onEvery })
    }
  }
  return handlers
}
