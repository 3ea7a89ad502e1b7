import { createServer, type IncomingHttpHeaders, type RequestListener, type Server } from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'

/** A call as somebody else's server got it. */
export interface ReceivedCall {
  method: string
  path: string
  headers: IncomingHttpHeaders
  body: Buffer
}

/** What that server answers. */
export interface Reply {
  status: number
  headers?: Record<string, string>
  body?: unknown
}

export interface HttpReceiver {
  port: number
  url: string
  calls: ReceivedCall[]
  /** The answer from now on; `hang` gives none, `drop` hangs up. */
  reply: Reply | 'hang' | 'drop' | ((call: ReceivedCall) => Reply)
  stop(): Promise<void>
}

/** Somebody else's HTTP server on loopback; by TLS where a key is given. */
export async function receiveHttp(
  reply: HttpReceiver['reply'],
  tls?: { key: string; cert: string },
): Promise<HttpReceiver> {
  const listener: RequestListener = (request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', () => {
      const { method = '', url: path = '', headers } = request
      const call = { method, path, headers, body: Buffer.concat(pieces) }
      receiver.calls.push(call)
      const chosen = typeof receiver.reply === 'function' ? receiver.reply(call) : receiver.reply
      if (chosen === 'hang') return
      if (chosen === 'drop') return void request.socket.destroy()
      const text = chosen.body === undefined ? '' : JSON.stringify(chosen.body)
      response.writeHead(chosen.status, { 'content-type': 'application/json', ...chosen.headers }).end(text)
    })
  }
  const server: Server | https.Server = tls ? https.createServer(tls, listener) : createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const receiver: HttpReceiver = {
    port,
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    calls: [],
    reply,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  return receiver
}
