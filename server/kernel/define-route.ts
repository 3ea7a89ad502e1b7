import type { z } from 'zod'
import type { Ctx } from './context.js'
import type { ErrorClass } from './define-errors.js'

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete'

/** Who may call: the answer has to be written down, also when it is "anyone". */
export type Access =
  | { kind: 'can'; permission: string }
  | { kind: 'signedIn'; reason: string }
  | { kind: 'open'; reason: string }

/** Callers that hold the permission (see server/permissions.ts). */
export function can(permission: string): Access {
  return { kind: 'can', permission }
}

/** Any authenticated principal; say why no permission is needed. */
export function signedIn(reason: string): Access {
  return { kind: 'signedIn', reason }
}

/** Anyone, also without a credential; say why. */
export function open(reason: string): Access {
  return { kind: 'open', reason }
}

/** What is written to the audit log when the call succeeds. */
export type AuditRule =
  | {
      action: string
      /** Path to the object's id: `params.x`, `body.x`, `result.x`, or `principal`. */
      target?: `params.${string}` | `body.${string}` | `result.${string}` | 'principal'
      /** Also record refused attempts (401, 403, 423, 429 by the operation), outside the rolled-back transaction. */
      refusals?: boolean
    }
  | { none: string }

/** States why a call leaves no audit line. */
export function unaudited(reason: string): AuditRule {
  return { none: reason }
}

/** Names of the rate-limit policies; quotas are in server/http/rate-limit.ts. */
export type LimitName = 'read' | 'write' | 'enqueue' | 'auth' | 'mail' | 'verify' | 'probe' | 'callback'

export interface RouteInput {
  params?: z.ZodType
  query?: z.ZodType
  body?: z.ZodType
  /** An object of the headers it reads, names in lower case; all others are left alone. */
  headers?: z.ZodType
}

type Infer<T> = T extends z.ZodType<infer O> ? O : undefined
export interface HandlerInput<I extends RouteInput> {
  params: Infer<I['params']>
  query: Infer<I['query']>
  body: Infer<I['body']>
  headers: Infer<I['headers']>
  /** The body as it was sent, for checking a signature; null where the route takes none. */
  rawBody: Buffer | null
}

export interface RouteSpec<I extends RouteInput, O extends z.ZodType> {
  /** operationId: camelCase, unique in the whole API. */
  id: string
  method: Method
  /** Path below `/{service}/v1`; parameters as `:name`. A path that starts with `//` is taken below `/{service}` instead. */
  path: string
  summary: string
  description?: string
  access: Access
  limit: LimitName
  audit: AuditRule
  input: I
  output: O
  /** Success status: 200, 201 (needs `location`), 202 or 204. Default 200. */
  status?: 200 | 201 | 202 | 204
  location?: (output: z.infer<O>) => string
  /**
   * `auto`: one transaction bound to the caller's tenant. `system`: one transaction as vetrai_system, for
   * work across tenants. `manual`: the operation opens its own (hot reads, slow work outside).
   */
  transaction?: 'auto' | 'system' | 'manual'
  /** Slow work that needs no transaction (asking a resolver): runs, and may refuse, before one is opened. */
  before?: (ctx: Ctx, input: HandlerInput<I>) => Promise<void>
  /** Strong ETag on GET, and If-Match honoured on its PATCH, PUT and DELETE siblings. */
  etag?: boolean
  /** `bytes` hands the body over unread; give `mediaTypes`. */
  accepts?: 'json' | 'form' | 'bytes'
  mediaTypes?: readonly string[]
  /** `page`: the output is a `pageContent`, which people's browsers are shown; errors look alike. */
  produces?: 'json' | 'page'
  /** OAuth routes keep RFC 6749 error bodies. */
  errorFormat?: 'problem' | 'oauth'
  /** Cache-Control of the answer; `no-store` when left out. */
  cache?: string
  /** Answers during a maintenance too, by which it is ended. */
  duringMaintenance?: boolean
  /** Answers operators while the data is on trial too, as reading does: nothing is lost with it where the data gives way. */
  onTrial?: boolean
  /** Errors of the operation that the document names. */
  errors?: readonly Pick<ErrorClass<unknown>, 'code' | 'status' | 'title'>[]
  handler: (ctx: Ctx, input: HandlerInput<I>) => Promise<z.input<O>> | z.input<O>
}

/** A route as the kernel sees it, with types erased. */
export interface RouteRecord
  extends Omit<RouteSpec<RouteInput, z.ZodType>, 'handler' | 'location' | 'before'> {
  location?: (output: never) => string
  /** Set where the route answers with events (see defineStream): `output` is then what one of them may be. */
  stream?: { eventId: z.ZodType | null }
  before?: (ctx: Ctx, input: never) => Promise<void>
  handler: (ctx: Ctx, input: never, stream: never) => unknown
}

/** Declares a route. Leaving out access, limit, audit, input or output does not compile. */
export function defineRoute<const I extends RouteInput, O extends z.ZodType>(
  spec: RouteSpec<I, O>,
): RouteRecord {
  return spec as unknown as RouteRecord
}
