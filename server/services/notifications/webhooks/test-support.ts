import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { BuiltUser } from '../../../../test/build.js'
import type { Answer } from '../../../../test/caller.js'
import type { TestServer } from '../../../../test/server.js'

/** Settings under which this machine's own receivers may be called, and answer soon or are given up. */
export const RECEIVER_SETTINGS = { OUTBOUND_ALLOW: '127.0.0.1/32', WEBHOOKS_TIMEOUT_MS: '400' }

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

const BASE = '/notifications/v1'

/** Makes an endpoint of somebody's organisation for a receiver. */
export async function buildEndpoint(
  owner: Pick<BuiltUser, 'api'>,
  receiver: Pick<Receiver, 'url'>,
  more: Record<string, unknown> = {},
): Promise<Answer['body']> {
  const body = { url: receiver.url, event_types: ['app.*'], ...more }
  return made(owner.api.post(`${BASE}/webhook-endpoints`, body))
}

/** Sends a message of the app's own, and answers it as stored; it goes out when jobs run. */
export function sendApp(owner: Pick<BuiltUser, 'api'>, data: object = { n: 1 }, type = 'app.order.paid') {
  return made(owner.api.post(`${BASE}/webhook-messages`, { type, data }))
}

/** The body of an answer that must be a success. */
export async function made(answer: Promise<Answer>): Promise<Answer['body']> {
  const { status, text, body } = await answer
  if (status >= 300) throw new Error(`${status} ${text}`)
  return body
}

/** Sets a server's clock so many milliseconds further on, and makes what waits for later due. */
export async function timePasses(server: TestServer, ms: number): Promise<void> {
  const before = (server.now?.() ?? new Date()).getTime() - Date.now()
  server.now = () => new Date(Date.now() + before + ms)
  await server.resources.db.readSystem({
    text: "update worker_jobs set run_at = run_at - make_interval(secs => $1) where status = 'scheduled'",
    values: [ms / 1000],
  })
}
