import type { Logger } from 'pino'
import type { Answer } from './answer.js'
import type { Exchange } from './exchange.js'

/** Sends an answer, without its body to HEAD. Never throws: one that cannot be sent ends the connection. */
export function writeAnswer(exchange: Exchange, answer: Answer, log: Logger): void {
  const { response, request } = exchange
  if (response.headersSent || response.destroyed) return
  const body = request.method === 'HEAD' ? null : answer.body
  const length = answer.body === null ? 0 : Buffer.byteLength(answer.body)
  const headers: Record<string, string | number> = Object.assign(exchange.headers, answer.headers)
  if (answer.status !== 204 && answer.status !== 304) headers['Content-Length'] = length
  // A body nobody read would be taken for the next request on this connection.
  if (!request.complete && request.method !== 'GET') headers.Connection = 'close'
  try {
    response.writeHead(answer.status, headers)
    response.end(body)
  } catch (err) {
    log.error({ err, request_id: exchange.id }, 'an answer could not be written')
    response.destroy()
  }
}
