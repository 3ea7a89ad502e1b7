import { createHash, createHmac } from 'node:crypto'

/** What is signed into a link to an S3-compatible server. */
export interface S3PresignInput {
  readonly method: 'GET' | 'PUT'
  /** Origin the link's user reaches the server by, such as `https://s3.example.com`. */
  readonly endpoint: string
  /** `/bucket/key` (path style), not encoded. */
  readonly path: string
  readonly region: string
  readonly accessKey: string
  readonly secretKey: string
  readonly now: Date
  readonly expiresInS: number
  /** Headers the request must carry with exactly these values; lower-case names. */
  readonly headers?: Readonly<Record<string, string>>
  /** Further query parameters, such as `response-content-disposition`. */
  readonly query?: Readonly<Record<string, string>>
}

/**
 * A presigned URL by AWS Signature Version 4 with query parameters. Unlike the client library's own it
 * signs headers too, so an upload is held to its type and length by the storage server.
 */
export function presignS3Url(input: S3PresignInput): string {
  const { host, origin } = new URL(input.endpoint)
  const date = input.now.toISOString().replace(/[-:]|\.\d{3}/g, '')
  const scope = `${date.slice(0, 8)}/${input.region}/s3/aws4_request`
  const headers = Object.entries({ ...input.headers, host }).sort(byName)
  const signedHeaders = headers.map(([name]) => name).join(';')
  const query = Object.entries({
    ...input.query,
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': `${input.accessKey}/${scope}`,
    'X-Amz-Date': date,
    'X-Amz-Expires': String(input.expiresInS),
    'X-Amz-SignedHeaders': signedHeaders,
  })
    .map(([name, value]): [string, string] => [encode(name), encode(value)])
    .sort(byName)
    .map(([name, value]) => `${name}=${value}`)
    .join('&')

  const path = input.path.split('/').map(encode).join('/')
  const headerLines = headers.map(([name, value]) => `${name}:${value.trim()}\n`).join('')
  const canonical = [input.method, path, query, headerLines, signedHeaders, 'UNSIGNED-PAYLOAD'].join('\n')
  const toSign = ['AWS4-HMAC-SHA256', date, scope, createHash('sha256').update(canonical).digest('hex')].join(
    '\n',
  )
  const signature = hmac(signingKey(input, date.slice(0, 8)), toSign).toString('hex')
  return `${origin}${path}?${query}&X-Amz-Signature=${signature}`
}

function signingKey({ secretKey, region }: S3PresignInput, day: string): Buffer {
  return [region, 's3', 'aws4_request'].reduce<Buffer>(
    (key, part) => hmac(key, part),
    hmac(`AWS4${secretKey}`, day),
  )
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}

/** AWS's URI encoding: everything but unreserved characters. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
}

function byName([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return a < b ? -1 : 1
}
