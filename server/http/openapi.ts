import type { Assembly, MountedRoute } from '../kernel/assemble.js'
import { kernelErrors } from '../kernel/errors.js'
import { VERSION } from '../version.js'
import { mediaTypesOf } from './read-input.js'
import { exampleOf, type JsonSchema, SchemaCollector } from './schema-document.js'

interface ErrorSummary {
  code: string
  status: number
  title: string
}

const PROBLEM: JsonSchema = {
  type: 'object',
  description: 'RFC 9457 problem. `code` is stable; `next` says what to do.',
  required: ['type', 'title', 'status', 'detail', 'instance', 'code', 'next', 'request_id'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    instance: { type: 'string' },
    code: { type: 'string' },
    next: { type: 'string' },
    request_id: { type: 'string' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['pointer', 'code', 'message'],
        properties: { pointer: { type: 'string' }, code: { type: 'string' }, message: { type: 'string' } },
      },
    },
    'violated-policies': { type: 'array', items: { type: 'string' } },
  },
}

const OAUTH_ERROR: JsonSchema = {
  type: 'object',
  description: 'RFC 6749 § 5.2 error.',
  required: ['error'],
  properties: { error: { type: 'string' }, error_description: { type: 'string' } },
}

/** OpenAPI 3.1 document of all services, or of one, made from the schemas that validate at run time. */
export function openapiDocument(assembly: Assembly, serverUrl: string, service?: string): JsonSchema {
  const collector = new SchemaCollector()
  collector.components.Problem = PROBLEM
  const routes = assembly.routes.filter((route) => service === undefined || route.service.name === service)
  if (routes.some((route) => route.record.errorFormat === 'oauth'))
    collector.components.OAuthError = OAUTH_ERROR
  const paths: Record<string, Record<string, unknown>> = {}
  for (const route of routes) {
    const path = route.path.replace(/:([a-zA-Z]+)/g, '{$1}')
    paths[path] ??= {}
    Object.assign(paths[path], { [route.record.method]: operation(route, assembly, collector) })
  }
  return {
    openapi: '3.1.0',
    info: {
      title: service ? `VetrAI: ${service}` : 'VetrAI',
      version: VERSION,
      description:
        'The back office of an AI product in one box. Every error is an RFC 9457 problem; every list is paged by `cursor`; POST and PATCH take an `Idempotency-Key`.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: serverUrl }],
    tags: assembly.services
      .filter((one) => service === undefined || one.name === service)
      .map((one) => ({ name: one.name, description: one.summary })),
    paths,
    components: {
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description:
            'A JWT access token, an opaque access token (`vtr_at_…`) or an API key (`vtr_live_…`, `vtr_test_…`).',
        },
        apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'An API key.' },
      },
      schemas: Object.fromEntries(
        Object.entries(collector.components).sort(([a], [b]) => a.localeCompare(b)),
      ),
    },
  }
}

function operation(route: MountedRoute, assembly: Assembly, collector: SchemaCollector): JsonSchema {
  const { record, service } = route
  const permission = record.access.kind === 'can' ? assembly.permissions[record.access.permission] : undefined
  const body = record.input.body ? requestBody(route, collector) : undefined
  return {
    operationId: record.id,
    summary: record.summary,
    description: [record.description, accessWords(route, permission?.scope ?? null)]
      .filter(Boolean)
      .join('\n\n'),
    tags: [service.name],
    security: record.access.kind === 'open' ? [] : [{ bearer: [] }, { apiKey: [] }],
    parameters: [
      ...parameters(route, 'params', collector),
      ...parameters(route, 'query', collector),
      ...parameters(route, 'headers', collector),
      ...headerParameters(route, collector),
    ],
    ...(body ? { requestBody: body } : {}),
    responses: responses(route, collector),
  }
}

function accessWords({ record }: MountedRoute, scope: string | null): string {
  if (record.access.kind === 'open') return `No credential is needed: ${record.access.reason}.`
  if (record.access.kind === 'signedIn') return `Any credential: ${record.access.reason}.`
  return `Permission \`${record.access.permission}\`; ${scope ? `API keys need the scope \`${scope}\`.` : 'not open to API keys.'}`
}

function requestBody(route: MountedRoute, collector: SchemaCollector): JsonSchema | undefined {
  const { record } = route
  if (!record.input.body) return undefined
  const schema = collector.convert(record.input.body, 'input')
  const media = { schema, example: exampleOf(schema, collector.components) }
  return {
    required: !record.input.body.safeParse(undefined).success,
    content: Object.fromEntries(mediaTypesOf(record).map((type) => [type, media])),
  }
}

const PLACES = { params: 'path', query: 'query', headers: 'header' } as const

function parameters(
  route: MountedRoute,
  part: keyof typeof PLACES,
  collector: SchemaCollector,
): JsonSchema[] {
  const schema = route.record.input[part]
  if (!schema) return []
  let json = collector.convert(schema, 'input')
  if (typeof json.$ref === 'string') json = collector.components[json.$ref.split('/').at(-1) ?? ''] ?? {}
  const required = new Set((json.required as string[] | undefined) ?? [])
  return Object.entries((json.properties as Record<string, JsonSchema> | undefined) ?? {}).map(
    ([name, inner]) => {
      const { description, ...rest } = inner
      return {
        name,
        in: PLACES[part],
        required: part === 'params' || required.has(name),
        ...(description ? { description } : {}),
        schema: rest,
      }
    },
  )
}

function headerParameters({ record }: MountedRoute, collector: SchemaCollector): JsonSchema[] {
  const text = { type: 'string', maxLength: 255 }
  const list: JsonSchema[] = []
  if (record.access.kind === 'can') {
    list.push({
      name: 'X-Tenant',
      in: 'header',
      required: false,
      description: 'Id or slug of the organisation to work in (installation roles).',
      schema: text,
    })
  }
  if (record.method === 'post' || record.method === 'patch') {
    list.push({
      name: 'Idempotency-Key',
      in: 'header',
      required: false,
      description: 'Repeats with the same key and body get the first answer, for 24 hours.',
      schema: text,
    })
  }
  if (record.stream?.eventId) {
    list.push({
      name: 'Last-Event-ID',
      in: 'header',
      required: false,
      description: 'Id of the last event that was received: the stream goes on after it.',
      schema: collector.convert(record.stream.eventId, 'input'),
    })
  }
  return list
}

function responses(route: MountedRoute, collector: SchemaCollector): JsonSchema {
  const { record } = route
  const status = String(record.status ?? 200)
  const answers: Record<string, unknown> = {}
  if (status === '204') answers[status] = { description: 'Done; no content.' }
  else {
    answers[status] = {
      description: record.stream ? STREAM_WORDS : 'Success.',
      headers: {
        'X-Request-Id': { schema: { type: 'string' }, description: 'Id of this request in logs.' },
        ...(record.etag && record.method === 'get'
          ? { ETag: { schema: { type: 'string' }, description: 'Version of the resource.' } }
          : {}),
        ...(record.location
          ? { Location: { schema: { type: 'string' }, description: 'Address of what was made.' } }
          : {}),
      },
      content: answerContent(record, collector),
    }
  }
  if (record.stream) answers['204'] = { description: 'Nothing more will come; do not connect again.' }
  for (const [code, errors] of Object.entries(groupErrors(route)))
    answers[code] = errorResponse(route, errors)
  return answers
}

function answerContent(
  { produces, output, stream }: MountedRoute['record'],
  collector: SchemaCollector,
): JsonSchema {
  if (produces === 'page') return { 'text/html': { schema: { type: 'string' } } }
  const schema = collector.convert(output, 'output')
  return {
    [stream ? 'text/event-stream' : 'application/json']: {
      schema,
      example: exampleOf(schema, collector.components),
    },
  }
}

const STREAM_WORDS =
  'Server-Sent Events. The schema is that of one event: its `id`, its name as `event`, and its `data`, which is sent as JSON in one line.'

function groupErrors(route: MountedRoute): Record<string, ErrorSummary[]> {
  const groups: Record<string, ErrorSummary[]> = {}
  for (const error of [...(route.record.errors ?? []), ...errorsOfEvery(route.record)]) {
    const status = String(error.status)
    const group = groups[status] ?? []
    groups[status] = group
    if (!group.some((known) => known.code === error.code)) group.push(error)
  }
  return groups
}

/** What the steps around a route can answer, whatever its operation does. */
function errorsOfEvery({ access, input, method, stream }: MountedRoute['record']): ErrorSummary[] {
  const writes = method !== 'get'
  const idempotent = method === 'post' || method === 'patch'
  return [
    kernelErrors.RateLimited,
    kernelErrors.Internal,
    kernelErrors.Unavailable,
    kernelErrors.Maintenance,
    // Any unknown parameter is refused, also where none is known.
    kernelErrors.Invalid,
    ...(access.kind === 'open' ? [] : [kernelErrors.Unauthenticated, kernelErrors.NotFound]),
    // A key of a suspended organisation is told so wherever it is asked for.
    ...(access.kind === 'open' ? [] : [kernelErrors.TenantSuspended]),
    ...(access.kind === 'can' ? [kernelErrors.Forbidden, kernelErrors.TenantRequired] : []),
    ...(stream ? [kernelErrors.TooManyStreams, kernelErrors.StreamsFull] : []),
    ...(input.params ? [kernelErrors.NotFound] : []),
    ...(input.body ? [kernelErrors.Malformed, kernelErrors.UnsupportedMediaType, kernelErrors.TooLarge] : []),
    ...(writes ? [kernelErrors.Conflict, kernelErrors.Timeout] : []),
    ...(writes && method !== 'post' ? [kernelErrors.PreconditionFailed] : []),
    ...(idempotent
      ? [kernelErrors.Malformed, kernelErrors.IdempotencyInProgress, kernelErrors.IdempotencyMismatch]
      : []),
  ]
}

function errorResponse({ record }: MountedRoute, errors: ErrorSummary[]): JsonSchema {
  const oauth = record.errorFormat === 'oauth'
  const description = errors.map((error) => `\`${error.code}\`: ${error.title}`).join('; ')
  if (record.produces === 'page')
    return { description, content: { 'text/html': { schema: { type: 'string' } } } }
  return {
    description,
    content: {
      [oauth ? 'application/json' : 'application/problem+json']: {
        schema: { $ref: `#/components/schemas/${oauth ? 'OAuthError' : 'Problem'}` },
      },
    },
  }
}
