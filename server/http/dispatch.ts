import type { IncomingMessage, ServerResponse } from 'node:http'
import type { BlockList } from 'node:net'
import type { Logger } from 'pino'
import { addressList, clientAddress } from '../kernel/addresses.js'
import type { MountedRoute } from '../kernel/assemble.js'
import { Ctx } from '../kernel/context.js'
import { AppError } from '../kernel/define-errors.js'
import type { Access, Method } from '../kernel/define-route.js'
import { kernelErrors } from '../kernel/errors.js'
import { newRequestId } from '../kernel/ids.js'
import type { Principal } from '../kernel/principal.js'
import type { Resources } from '../kernel/resources.js'
import { requestLogger } from '../observability/logger.js'
import { Limiter } from '../storage/limiter.js'
import { behindGate } from '../storage/maintenance-gate.js'
import type { Answer } from './answer.js'
import { callerOf, credentialOf, stillHolds } from './authenticate.js'
import { EventStream, type StreamOutcome } from './event-stream.js'
import type { Exchange } from './exchange.js'
import { corsHeaders, givenRequestId, givenTraceId, PREFLIGHT_HEADERS, securityHeaders } from './headers.js'
import { isOperatorToken, renderFailure } from './maintenance.js'
import { type ErrorFormat, toAppError } from './problem.js'
import { badCredentialLimit, limitHeaders, limitOf } from './rate-limit.js'
import { RouteTable } from './router.js'
import { runRoute } from './run-route.js'
import type { Streams } from './streams.js'
import { TimeLimit } from './time-limit.js'
import { writeAnswer } from './write-answer.js'

/** What the requests of one server share. */
export interface ServerState {
  /** It is about to end: connections are closed after their answer. */
  draining: boolean
  readonly streams: Streams
}

/** Answers a request that belongs to a route record; false hands it to whoever comes next (pages, documents). */
export type Dispatch = (request: IncomingMessage, response: ServerResponse) => boolean

/**
 * Makes the one way every route is answered: request id → security headers → authenticate → limit → access →
 * validate → transaction → operation → present → commit → audit. The order is the same for all.
 */
export function createDispatch(resources: Resources, server: ServerState): Dispatch {
  const dispatcher = new Dispatcher(resources, server)
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
  readonly #server: ServerState
  readonly #table: RouteTable
  readonly #limiter: Limiter
  readonly #requestLog: Logger
  readonly #trusted: BlockList
  readonly #security: Record<string, string>
  readonly #prefixes: string[]
  readonly #observers = new Map<string, (seconds: number) => void>()

  constructor(resources: Resources, server: ServerState) {
    this.#resources = resources
    this.#server = server
    this.#table = new RouteTable(resources.assembly.routes)
    this.#limiter = new Limiter(resources.redis, () => resources.metrics.limiterFallback.inc())
    this.#requestLog = requestLogger(resources.log)
    this.#trusted = addressList(resources.config.TRUST_PROXY)
    this.#security = {
      ...securityHeaders(resources.config),
      'Cache-Control': 'no-store',
      ...(resources.config.CORS_ORIGINS.length > 0 ? { Vary: 'Origin' } : {}),
    }
    this.#prefixes = resources.assembly.services.map((service) => `${service.prefix}/`)
  }

  dispatch(request: IncomingMessage, response: ServerResponse): boolean {
    const url = request.url ?? '/'
    const mark = url.indexOf('?')
    const path = mark < 0 ? url : url.slice(0, mark)
    const match = this.#table.find(METHODS[request.method ?? ''], path)
    if (match.kind === 'none' && !this.#prefixes.some((prefix) => path.startsWith(prefix))) return false
    if (match.kind === 'none' && /^\/[a-z-]+\/(docs|openapi\.json|health)$/.test(path)) return false

    const exchange = this.#exchange(request, response, path, mark < 0 ? '' : url.slice(mark + 1))
    const { origin } = request.headers
    const cors = origin === undefined ? null : corsHeaders(origin, this.#resources.config.CORS_ORIGINS)
    if (cors) Object.assign(exchange.headers, cors)
    if (request.method === 'OPTIONS' && origin !== undefined) {
      this.#write(exchange, { status: 204, headers: cors ? { ...PREFLIGHT_HEADERS } : {}, body: null })
    } else if (match.kind === 'route') void this.#answer(exchange, match.route, match.params)
    else if (match.kind === 'none') this.#refuse(exchange, new kernelErrors.NotFound())
    else this.#refuse(exchange, new kernelErrors.MethodNotAllowed({ allow: match.allow }))
    return true
  }

  #exchange(request: IncomingMessage, response: ServerResponse, path: string, search: string): Exchange {
    const { headers } = request
    const forwarded = headers['x-forwarded-for']
    const id = givenRequestId(headers) ?? newRequestId()
    return {
      request,
      response,
      id,
      path,
      search,
      ip: clientAddress(
        request.socket.remoteAddress,
        typeof forwarded === 'string' ? forwarded : undefined,
        this.#trusted,
      ),
      traceId: givenTraceId(headers) ?? newRequestId(),
      headers: { ...this.#security, 'X-Request-Id': id },
      startedAt: performance.now(),
    }
  }

  async #answer(exchange: Exchange, route: MountedRoute, params: Record<string, string>): Promise<void> {
    const { metrics, log } = this.#resources
    metrics.inFlight.inc()
    let principal: Principal | null = null
    let stream: EventStream | undefined
    let answer: Answer
    try {
      principal = await this.#admit(exchange, route)
      await this.#limit(exchange, route, principal)
      if (route.record.stream) stream = this.#admitStream(exchange, route, principal)
      const time = new TimeLimit()
      const run = () => runRoute(this.#context(exchange, principal), route, params, exchange, time)
      const work = isAlwaysServed(route, principal) ? run() : behindGate(run)
      answer = await time.race(this.#resources.config.REQUEST_TIMEOUT_MS, work)
    } catch (thrown) {
      const error = toAppError(thrown, log.child({ request_id: exchange.id }))
      answer = renderFailure(error, exchange, errorFormatOf(route), this.#resources.config.VETRAI_NAME)
    }
    metrics.inFlight.dec()
    const sending = stream && answer.events ? this.#stream(exchange, route, stream, answer.events) : undefined
    if (!sending) this.#write(exchange, answer)
    this.#measure(exchange, route, answer.status)
    this.#logRequest(exchange, route, answer.status, principal, sending && (await sending))
  }

  #admitStream(exchange: Exchange, { record, path }: MountedRoute, principal: Principal | null): EventStream {
    const { config, log, metrics } = this.#resources
    const counter = metrics.streamEvents.labels({ route: path })
    const stream = this.#server.streams.admit(
      principal,
      exchange.ip,
      () =>
        new EventStream({
          response: exchange.response,
          log: log.child({ request_id: exchange.id, trace_id: exchange.traceId, route: record.id }),
          schema: record.output,
          heartbeatMs: config.STREAM_HEARTBEAT_MS,
          stillHolds: () => stillHolds(this.#resources, exchange, record.access, principal),
          onEvent: () => counter.inc(),
        }),
    )
    exchange.signal = stream.signal
    return stream
  }

  async #stream(
    exchange: Exchange,
    route: MountedRoute,
    stream: EventStream,
    events: AsyncIterable<unknown>,
  ): Promise<StreamOutcome> {
    const { streamsOpen } = this.#resources.metrics
    const labels = { route: route.path }
    streamsOpen.inc(labels)
    if (this.#server.draining) exchange.headers.Connection = 'close'
    const outcome = await stream.run(events, exchange.headers)
    streamsOpen.dec(labels)
    return outcome
  }

  /** Who calls; throws where a maintenance keeps them out. */
  async #admit(exchange: Exchange, route: MountedRoute): Promise<Principal | null> {
    const { current } = this.#resources.maintenance
    if (!current || route.record.duringMaintenance) return this.#identify(exchange, route)
    const isNamed = credentialOf(exchange.request) !== null
    const principal = isNamed ? await this.#identify(exchange, route).catch(nobodyUnlessLimited) : null
    const isReading = ['GET', 'HEAD'].includes(exchange.request.method ?? '') || route.record.onTrial
    if (isOperatorToken(principal) && (isReading || !current.isTrial)) return principal
    throw new kernelErrors.Maintenance(current)
  }

  async #identify(exchange: Exchange, route: MountedRoute): Promise<Principal | null> {
    const { access } = route.record
    if (access.kind === 'open') return this.#callerIfGood(exchange, access)
    if (credentialOf(exchange.request) === null)
      throw new kernelErrors.Unauthenticated({ reason: 'No credential was sent.' })
    const principal = await callerOf(this.#resources, exchange, access)
    if (principal) return principal
    await this.#countBadCredential(exchange)
    throw new kernelErrors.Unauthenticated({
      reason: 'The credential is not valid (unknown, expired or revoked).',
    })
  }

  /** An open route needs no credential, so one that is refused, or is for something else, is worth no less than none. */
  async #callerIfGood(exchange: Exchange, access: Access): Promise<Principal | null> {
    try {
      const principal = await callerOf(this.#resources, exchange, access)
      return principal?.kind === 'subscriber' ? null : principal
    } catch (thrown) {
      if (thrown instanceof AppError && thrown.status < 500) return null
      throw thrown
    }
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
      traceId: exchange.traceId,
    })
  }

  #refuse(exchange: Exchange, error: AppError): void {
    this.#write(exchange, renderFailure(error, exchange, 'problem', this.#resources.config.VETRAI_NAME))
  }

  #write(exchange: Exchange, answer: Answer): void {
    if (this.#server.draining) exchange.headers.Connection = 'close'
    writeAnswer(exchange, answer, this.#resources.log)
  }

  /** How long an answer took; of a stream, how long it took to open. */
  #measure(exchange: Exchange, route: MountedRoute, status: number): void {
    const seconds = (performance.now() - exchange.startedAt) / 1000
    const { metrics } = this.#resources
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
  }

  #logRequest(
    exchange: Exchange,
    route: MountedRoute,
    status: number,
    principal: Principal | null,
    outcome?: StreamOutcome,
  ): void {
    const ms = performance.now() - exchange.startedAt
    this.#requestLog.info(
      {
        request_id: exchange.id,
        trace_id: exchange.traceId,
        method: exchange.request.method,
        route: route.path,
        status,
        ms: Math.round(ms * 1000) / 1000,
        ip: exchange.ip,
        principal: principal ? `${principal.kind}:${principal.id}` : null,
        tenant: principal?.tenant?.id ?? null,
        ...outcome,
      },
      'request',
    )
  }
}

function isAlwaysServed({ record }: MountedRoute, principal: Principal | null): boolean {
  return record.duringMaintenance === true || isOperatorToken(principal)
}

/** During a maintenance it makes no difference why somebody is not known, unless they try many credentials. */
function nobodyUnlessLimited(thrown: unknown): null {
  if (thrown instanceof AppError && thrown.code === kernelErrors.RateLimited.code) throw thrown
  return null
}

function errorFormatOf({ record }: MountedRoute): ErrorFormat {
  return record.produces === 'page' ? 'page' : (record.errorFormat ?? 'problem')
}
