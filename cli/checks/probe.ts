import { createServer, get as getHttp, type IncomingMessage } from 'node:http'
import { get as getHttps } from 'node:https'
import { isSystemError } from '../deployment/errors.js'

const TIME_LIMIT_MS = 5_000
const LONGEST = 64 * 1024

/** What a server said, or why nothing was heard of it. */
export type Answer =
  | { status: number; body: string; location?: string | undefined }
  | { error: string; isCertificate: boolean }

/** One GET within five seconds, redirects not followed, its body cut at 64 KiB. Never throws. */
export async function fetchAnswer(url: string, { verify }: { verify: boolean }): Promise<Answer> {
  return new Promise((resolve) => {
    const options = { agent: false, signal: AbortSignal.timeout(TIME_LIMIT_MS) } as const
    const read = (response: IncomingMessage) => {
      void readBody(response).then(
        (body) => resolve({ status: response.statusCode ?? 0, body, location: response.headers.location }),
        (error: unknown) => resolve(failure(error)),
      )
    }
    const request = url.startsWith('https:')
      ? getHttps(url, { ...options, rejectUnauthorized: verify }, read)
      : getHttp(url, options, read)
    request.once('error', (error) => resolve(failure(error)))
  })
}

/** A server that answers one path with one word until it is closed; `error` where it may not listen. */
export async function serveProbe({
  host,
  port,
  path,
  body,
}: {
  host: string
  port: number
  path: string
  body: string
}): Promise<{ close(): Promise<void> } | { error: string }> {
  const server = createServer((request, response) => {
    const isAsked = request.url === path
    response.writeHead(isAsked ? 200 : 404, { 'content-type': 'text/plain', connection: 'close' })
    response.end(isAsked ? body : '')
  })
  return new Promise((resolve) => {
    server.once('error', (error) => resolve({ error: codeOf(error) }))
    server.listen({ host, port, exclusive: true }, () => {
      resolve({
        close: async () => {
          server.closeAllConnections()
          await new Promise((closed) => server.close(closed))
        },
      })
    })
  })
}

async function readBody(response: IncomingMessage): Promise<string> {
  let body = ''
  for await (const chunk of response.setEncoding('utf8')) {
    body += String(chunk)
    if (body.length > LONGEST) break
  }
  return body.slice(0, LONGEST)
}

function failure(error: unknown): Answer {
  if (error instanceof Error && error.name === 'AbortError') {
    return { error: `no answer within ${TIME_LIMIT_MS / 1000} seconds`, isCertificate: false }
  }
  if (isSystemError(error, 'ECONNREFUSED'))
    return { error: 'the connection is refused', isCertificate: false }
  const code = codeOf(error)
  return {
    error: `${error instanceof Error && error.message ? error.message : code}`,
    isCertificate: /CERT|SIGNATURE/.test(code),
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}
