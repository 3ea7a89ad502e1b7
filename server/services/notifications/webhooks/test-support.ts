import type { BuiltUser } from '../../../../test/build.js'
import type { Answer } from '../../../../test/caller.js'
import type { Receiver } from '../../../../test/receiver.js'
import type { TestServer } from '../../../../test/server.js'

/** Settings under which this machine's own receivers may be called, and answer soon or are given up. */
export const RECEIVER_SETTINGS = { OUTBOUND_ALLOW: '127.0.0.1/32', WEBHOOKS_TIMEOUT_MS: '1000' }

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
