import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import { ObjectStoreError } from './errors.js'
import { badInput, checkContentType, checkKey } from './keys.js'

/** What a signed local URL allows its bearer to do. */
export interface LocalGrant {
  readonly method: 'GET' | 'PUT'
  readonly key: string
  /** Seconds since 1970. */
  readonly expires: number
  /** GET: name offered for the download. */
  readonly downloadName?: string
  /** PUT: the type and length the upload must have. */
  readonly contentType?: string
  readonly contentLength?: number
}

const MAX_EXPIRES_S = 604_800

/** When a link made now ends; throws `bad_input` outside 1 second to a week. */
export function expiryOf(expiresInS: number, now: Date): Date {
  if (!Number.isInteger(expiresInS) || expiresInS < 1 || expiresInS > MAX_EXPIRES_S) {
    throw badInput('expiresInS is 1 to 604800.')
  }
  return new Date(Math.floor(now.getTime() / 1000) * 1000 + expiresInS * 1000)
}

/** The URL `<baseUrl>/<key>?…&sig=…` that carries the grant, signed with HMAC-SHA-256. */
export function signLocalUrl(baseUrl: string, secret: string, grant: LocalGrant): string {
  const query = new URLSearchParams({ op: grant.method, exp: String(grant.expires) })
  if (grant.downloadName !== undefined) query.set('name', grant.downloadName)
  if (grant.contentType !== undefined) query.set('type', grant.contentType)
  if (grant.contentLength !== undefined) query.set('len', String(grant.contentLength))
  query.set('sig', signatureOf(secret, grant))
  const path = grant.key.split('/').map(encodeURIComponent).join('/')
  return `${baseUrl.replace(/\/+$/, '')}/${path}?${query}`
}

/**
 * The grant in a signed local URL, given the request's method, its key (the decoded path below the base
 * URL) and its query. Throws `bad_signature` for any change to any of them and `expired` past its end.
 * The route that serves uploads must hold the request to `contentType` and `contentLength`. HEAD counts as GET.
 */
export function verifyLocalUrl(
  secret: string,
  request: {
    readonly method: string
    readonly key: string
    readonly query: URLSearchParams
    readonly now: Date
  },
): LocalGrant {
  const grant = readGrant(request.key, request.query)
  const method = request.method === 'HEAD' ? 'GET' : request.method
  const given = Buffer.from(request.query.get('sig') ?? '', 'base64url')
  const right = Buffer.from(signatureOf(secret, grant), 'base64url')
  if (given.length !== right.length || !timingSafeEqual(given, right) || grant.method !== method)
    throw badSignature()
  if (request.now.getTime() >= grant.expires * 1000) {
    throw new ObjectStoreError('object_store.expired', 'This link has expired.')
  }
  return grant
}

function readGrant(key: string, query: URLSearchParams): LocalGrant {
  const [op, exp, name, type, len] = ['op', 'exp', 'name', 'type', 'len'].map((field) => query.get(field))
  // A field given twice would be read by another reader the other way.
  const isTwice = [...new Set(query.keys())].some((field) => query.getAll(field).length > 1)
  const isNumber = (text: string | null | undefined) => text == null || /^\d{1,15}$/.test(text)
  if ((op !== 'GET' && op !== 'PUT') || exp == null || !isNumber(exp) || !isNumber(len) || isTwice)
    throw badSignature()
  checkKey(key)
  if (type != null) checkContentType(type)
  return {
    method: op,
    key,
    expires: Number(exp),
    ...(name != null && { downloadName: name }),
    ...(type != null && { contentType: type }),
    ...(len != null && { contentLength: Number(len) }),
  }
}

function signatureOf(secret: string, grant: LocalGrant): string {
  const { method, key, expires, downloadName = null, contentType = null, contentLength = null } = grant
  // A list as JSON: no two different grants give the same text.
  const text = JSON.stringify(['v1', method, key, expires, downloadName, contentType, contentLength])
  return createHmac('sha256', signingKey(secret)).update(text).digest('base64url')
}

/** A key of its own purpose, so that a signature made elsewhere with the same secret means nothing here. */
function signingKey(secret: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', 'vetrai object-store local url v1', 32))
}

function badSignature(): ObjectStoreError {
  return new ObjectStoreError('object_store.bad_signature', 'This link is not one this server made.')
}
