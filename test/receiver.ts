import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** One request as a receiver saw it. */
export interface Received {
  headers: IncomingHttpHeaders
  body: string
  path: string
}

/** How a receiver answers its n-th request, counted from 1. */
export type Behaviour = (response: ServerResponse, n: number) => void

/** A status and nothing more. */
export const answers =
  (status: number, headers: Record<string, string> = {}, body = ''): Behaviour =>
  (response) =>
    void response.writeHead(status, headers).end(body)

/** A real HTTP server somewhere out there; each test says how it behaves. */
export class Receiver {
  readonly requests: Received[] = []
  behave: Behaviour = answers(204)
  readonly #server = createServer((request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', () => {
      const body = Buffer.concat(pieces).toString()
      this.requests.push({ headers: request.headers, body, path: request.url ?? '' })
      this.behave(response, this.requests.length)
    })
  })

  get url(): string {
    return `http://127.0.0.1:${this.port}/hook`
  }
  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }
  get last(): Received {
    const last = this.requests.at(-1)
    if (!last) throw new Error('the receiver was sent nothing')
    return last
  }
  /** `webhook-id` of each request. */
  get ids(): string[] {
    return this.requests.map(({ headers }) => String(headers['webhook-id']))
  }
  async listen(): Promise<this> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return this
  }
  close(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }
}

/** Starts receivers and stops them after each test. */
export function useReceivers(): () => Promise<Receiver> {
  const open: Receiver[] = []
  afterEach(() => {
    for (const receiver of open.splice(0)) receiver.close()
  })
  return async () => {
    const receiver = await new Receiver().listen()
    open.push(receiver)
    return receiver
  }
}
