import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'

interface Media {
  schema: Record<string, unknown>
  example?: unknown
}
export interface DocumentedOperation {
  operationId: string
  method: string
  path: string
  parameters: { name: string; in: string; required: boolean; schema: Record<string, unknown> }[]
  security: unknown[]
  requestBody?: { required: boolean; content: Record<string, Media> }
  responses: Record<string, { description: string; content?: Record<string, Media> }>
}

/** The API document of a running server, and whether answers keep to it. */
export class ApiDocument {
  readonly operations: DocumentedOperation[]
  /** operationId → statuses that answers were seen with. */
  readonly seen = new Map<string, Set<number>>()
  readonly #ajv: Ajv2020
  readonly #validators: Map<string, ValidateFunction>

  /** `like` is a document of the same words, whose compiled schemas this one uses. */
  constructor(
    readonly raw: Record<string, unknown>,
    like?: ApiDocument,
  ) {
    this.operations = like?.operations ?? operationsOf(raw)
    this.#ajv = like ? like.#ajv : ajvFor(raw)
    this.#validators = like ? like.#validators : new Map()
  }

  /** The operation that an address belongs to; a fixed segment wins over a parameter. */
  find(method: string, path: string): DocumentedOperation | undefined {
    const segments = path.split('/')
    const fits = this.operations.filter((operation) => {
      const pattern = operation.path.split('/')
      return (
        operation.method === method.toLowerCase() &&
        pattern.length === segments.length &&
        pattern.every((part, i) => part.startsWith('{') || part === segments[i])
      )
    })
    return fits.sort((a, b) => parametersIn(a) - parametersIn(b))[0]
  }

  /** What of an answer is not as documented; empty when all is. */
  problems(
    method: string,
    path: string,
    status: number,
    contentType: string | null,
    body: unknown,
  ): string[] {
    const operation = this.find(method, path)
    if (!operation) return []
    const where = `${operation.operationId} → ${status}`
    if (!isEndOfStream(contentType, body)) {
      const seen = this.seen.get(operation.operationId) ?? new Set()
      this.seen.set(operation.operationId, seen.add(status))
    }
    if (status === 304) return []
    const response = operation.responses[String(status)]
    if (!response) return [`${where}: the status is not documented`]
    if (!response.content) return body === undefined ? [] : [`${where}: has a body`]
    const type = contentType?.split(';')[0] ?? ''
    if (!response.content[type]) return [`${where}: the type ${type} is not documented`]
    const validate = this.#validator(operation, status, type)
    return validate(body)
      ? []
      : (validate.errors ?? []).map((e) => `${where}: ${e.instancePath} ${e.message}`)
  }

  #validator(operation: DocumentedOperation, status: number, type: string): ValidateFunction {
    const pointer = [
      'paths',
      operation.path,
      operation.method,
      'responses',
      String(status),
      'content',
      type,
      'schema',
    ]
      .map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1')))
      .join('/')
    const known = this.#validators.get(pointer)
    if (known) return known
    const validate = this.#ajv.compile({ $ref: `api#/${pointer}` })
    this.#validators.set(pointer, validate)
    return validate
  }
}

/** Of a stream only an event of its own counts as an answer. */
function isEndOfStream(contentType: string | null, body: unknown): boolean {
  return contentType === 'text/event-stream' && (body as { event?: unknown }).event === 'end'
}

function parametersIn(operation: DocumentedOperation): number {
  return operation.path.split('{').length - 1
}

function operationsOf(raw: Record<string, unknown>): DocumentedOperation[] {
  const paths = raw.paths as Record<string, Record<string, Omit<DocumentedOperation, 'method' | 'path'>>>
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ ...operation, method, path })),
  )
}

function ajvFor(raw: Record<string, unknown>): Ajv2020 {
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  ;(addFormats as unknown as (ajv: Ajv2020) => void)(ajv)
  return ajv.addSchema(raw, 'api')
}

const documents = new Map<string, Promise<ApiDocument>>()
const alike = new Set<string>()
let shared: Promise<ApiDocument> | undefined

/** The document of the server at this URL, fetched once. */
export function documentOf(url: string): Promise<ApiDocument> {
  const known = documents.get(url)
  if (known) return known
  const loading = alike.has(url) ? likeShared(url) : fetchDocument(url)
  documents.set(url, loading)
  return loading
}

/**
 * Tells that the server at this URL has all of VetrAI's own services, and so the document that all such have: to make it
 * and to compile its schemas takes longer than many a test.
 */
export function shareDocument(url: string): void {
  documents.delete(url)
  alike.add(url)
}

async function likeShared(url: string): Promise<ApiDocument> {
  shared ??= fetchDocument(url)
  const like = await shared
  return new ApiDocument(like.raw, like)
}

async function fetchDocument(url: string): Promise<ApiDocument> {
  const response = await fetch(`${url}/openapi.json`)
  return new ApiDocument((await response.json()) as Record<string, unknown>)
}
