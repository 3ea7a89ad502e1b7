import type { IncomingMessage, ServerResponse } from 'node:http'
import type { BlockList } from 'node:net'
import { addressList, clientAddress } from '../kernel/addresses.js'
import type { MountedRoute } from '../kernel/assemble.js'
import { Ctx } from '../kernel/context.js'
import type { AppError } from '../kernel/define-errors.js'
import type { Method } from '../kernel/define-route.js'
import { kernelErrors } from '../kernel/errors.js'
import { newRequestId } from '../kernel/ids.js'
import type { Principal } from '../kernel/principal.js'
import type { Resources } from '../kernel/resources.js'
import { Limiter } from '../storage/limiter.js'
import { authenticate, chooseTenant, credentialOf } from './authenticate.js'
import { corsHeaders, givenRequestId, givenTraceId, PREFLIGHT_HEADERS, securityHeaders } from './headers.js'
import { type Answer, renderProblem, toAppError } from './problem.js'
import { badCredentialLimit, limitHeaders, limitOf } from './rate-limit.js'
import { RouteTable } from './router.js'
import { runRoute } from './run-route.js'

/** One request on its way: what the steps have found out so far. */
export interface Exchange {
  request: IncomingMessage
  response: ServerResponse
  id: string
  path: string
  /** Query text without the question mark. */
  search: string
  ip: string
  headers: Record<string, string>
  startedAt: number
}

/** Answers a request that belongs to a route record; false hands it to whoever comes next (pages, documents). */
export type Dispatch = (request: IncomingMessage, response: ServerResponse) => boolean

/**
 * Makes the one way every route is answered: request id → security headers → authenticate → limit → access →
 * validate → transaction → operation → present → commit → audit. The order is the same for all.
 */
export function createDispatch(resources: Resources): Dispatch {
  const dispatcher = new Dispatcher(resources)
  return (request, response) => dispatcher.dispatch(request, response)
}

const METHODS: Readonly<Record<string, Method>> = {
  GET: 'get',
  HEAD: 'get',
  POST: 'post',
  PUT: 'put',
  PATCH: 'patch',
  DELETE: 'delete',
}

class Dispatcher {
  readonly #resources: Resources
  readonly #table: RouteTable
  readonly #limiter: Limiter
  readonly #trusted: BlockList
  readonly #security: Record<string, string>
  readonly #prefixes: string[]
  readonly #observers = new Map<string, (seconds: number) => void>()

  constructor(resources: Resources) {
    this.#resources = resources
    this.#table = new RouteTable(resources.assembly.routes)
    this.#limiter = new Limiter(resources.redis, () => resources.metrics.limiterFallback.inc())
    this.#trusted = addressList(resources.config.TRUST_PROXY)
    this.#security = { ...securityHeaders(resources.config), 'Cache-Control': 'no-store' }
    this.#prefixes = resources.assembly.services.map((service) => `${service.prefix}/`)
  }

  dispatch(request: IncomingMessage, response: ServerResponse): boolean {
    const url = request.url ?? '/'
    const mark = url.indexOf('?')
    const path = mark < 0 ? url : url.slice(0, mark)
    const method = METHODS[request.method ?? '']
    const match = method ? this.#table.find(method, path) : this.#table.find('get', path)
    if (match.kind === 'none' && !this.#prefixes.some((prefix) => path.startsWith(prefix))) return false
    if (match.kind === 'none' && /^\/[a-z-]+\/(docs|openapi\.json|health)$/.test(path)) return false

    const { headers } = request
    const id = givenRequestId(headers) ?? newRequestId()
    const forwarded = headers['x-forwarded-for']
    const exchange: Exchange = {
      request,
      response,
      id,
      path,
      search: mark < 0 ? '' : url.slice(mark + 1),
      ip: clientAddress(
        request.socket.remoteAddress,
        typeof forwarded === 'string' ? forwarded : undefined,
        this.#trusted,
      ),
      headers: { ...this.#security, 'X-Request-Id': id },
      startedAt: performance.now(),
    }
    const origin = headers.origin
    const cors = origin === undefined ? null : corsHeaders(origin, this.#resources.config.CORS_ORIGINS)
    if (cors) Object.assign(exchange.headers, cors)
    if (request.method === 'OPTIONS' && origin !== undefined) {
      write(exchange, { status: 204, headers: cors ? { ...PREFLIGHT_HEADERS } : {}, body: null })
      return true
    }
    if (match.kind === 'route' && method) void this.#answer(exchange, match.route, match.params)
    else if (match.kind === 'none') this.#refuse(exchange, new kernelErrors.NotFound())
    else
      this.#refuse(
        exchange,
        new kernelErrors.MethodNotAllowed({ allow: match.kind === 'method' ? match.allow : ['GET'] }),
      )
    return true
  }

  async #answer(exchange: Exchange, route: MountedRoute, params: Record<string, string>): Promise<void> {
    const { metrics, log } = this.#resources
    metrics.inFlight.inc()
    let principal: Principal | null = null
    let answer: Answer
    try {
      principal = await this.#identify(exchange, route)
      await this.#limit(exchange, route, principal)
      const ctx = this.#context(exchange, principal)
      answer = await runRoute(ctx, route, params, exchange)
    } catch (thrown) {
      const error = toAppError(thrown, log.child({ request_id: exchange.id }))
      answer = renderProblem(error, exchange, route.record.errorFormat)
    }
    metrics.inFlight.dec()
    write(exchange, answer)
    this.#observe(exchange, route, answer.status, principal)
  }

  async #identify(exchange: Exchange, route: MountedRoute): Promise<Principal | null> {
    const { request } = exchange
    const { access } = route.record
    const credential = credentialOf(request)
    if (credential === null) {
      if (access.kind === 'open') return null
      throw new kernelErrors.Unauthenticated({ reason: 'No credential was sent.' })
    }
    const found = authenticate(this.#resources, credential, exchange)
    const principal = found instanceof Promise ? await found : found
    if (!principal) {
      if (access.kind === 'open') return null
      await this.#countBadCredential(exchange)
      throw new kernelErrors.Unauthenticated({
        reason: 'The credential is not valid (unknown, expired or revoked).',
      })
    }
    const wanted = request.headers['x-tenant']
    return typeof wanted === 'string' ? chooseTenant(this.#resources, principal, wanted) : principal
  }

  async #limit(exchange: Exchange, route: MountedRoute, principal: Principal | null): Promise<void> {
    const limit = limitOf(
      route.record.limit,
      principal,
      exchange.ip,
      this.#resources.config.RATE_LIMIT_FACTOR,
    )
    const [state] = await this.#limiter.take([limit])
    if (!state) return
    Object.assign(exchange.headers, limitHeaders(state))
    if (state.allowed) return
    this.#resources.metrics.limited.inc({ policy: state.policy })
    throw new kernelErrors.RateLimited({ policy: state.policy, retryAfter: state.resetS })
  }

  async #countBadCredential(exchange: Exchange): Promise<void> {
    const limit = badCredentialLimit(exchange.ip, this.#resources.config.RATE_LIMIT_FACTOR)
    const [state] = await this.#limiter.take([limit])
    this.#resources.metrics.authentications.inc({ outcome: 'refused' })
    if (state && !state.allowed)
      throw new kernelErrors.RateLimited({ policy: state.policy, retryAfter: state.resetS })
  }

  #context(exchange: Exchange, principal: Principal | null): Ctx {
    const agent = exchange.request.headers['user-agent']
    return new Ctx(this.#resources, {
      principal,
      requestId: exchange.id,
      ip: exchange.ip,
      userAgent: agent ? agent.slice(0, 255) : null,
      traceId: givenTraceId(exchange.request.headers) ?? newRequestId(),
    })
  }

  #refuse(exchange: Exchange, error: AppError): void {
    write(exchange, renderProblem(error, exchange))
  }

  #observe(exchange: Exchange, route: MountedRoute, status: number, principal: Principal | null): void {
    const seconds = (performance.now() - exchange.startedAt) / 1000
    const { metrics, log } = this.#resources
    const key = `${route.record.method} ${route.path} ${status}`
    let observe = this.#observers.get(key)
    if (!observe) {
      const child = metrics.requests.labels({
        method: route.record.method,
        route: route.path,
        status: String(status),
      })
      observe = (value) => child.observe(value)
      this.#observers.set(key, observe)
    }
    observe(seconds)
    if (!log.isLevelEnabled('info')) return
    log.info(
      {
        request_id: exchange.id,
        method: exchange.request.method,
        route: route.path,
        status,
        ms: Math.round(seconds * 1e6) / 1000,
        ip: exchange.ip,
        principal: principal ? `${principal.kind}:${principal.id}` : null,
        tenant: principal?.tenant?.id ?? null,
      },
      'request',
    )
  }
}

function write(exchange: Exchange, answer: Answer): void {
  const { response, request } = exchange
  if (response.headersSent || response.destroyed) return
  const body = request.method === 'HEAD' ? null : answer.body
  const length = answer.body === null ? 0 : Buffer.byteLength(answer.body)
  const headers: Record<string, string | number> = Object.assign(exchange.headers, answer.headers)
  if (answer.status !== 204 && answer.status !== 304) headers['Content-Length'] = length
  // A body nobody read would be taken for the next request on this connection.
  if (!request.complete && request.method !== 'GET') headers.Connection = 'close'
  response.writeHead(answer.status, headers)
  response.end(body)
}
