import { connect, createServer, type Server } from 'node:net'
import type { ChildStatus } from './child.js'
import type { Plan } from './plan.js'

/** What the command line may ask of a supervisor: one JSON line in, one JSON line out. */
export type ControlRequest =
  | { command: 'status' }
  | { command: 'apply'; plan: Plan; restart: string[]; hold: string[] }
  | { command: 'start'; name: string }
  | { command: 'stop' }

export type ControlAnswer =
  | { ok: true; pid: number; plan: Plan; children: ChildStatus[] }
  | { ok: false; error: string }

const MAX_LINE = 4 * 1024 * 1024

/** Serves control requests on a unix socket; a request that fails gets its reason as the answer. */
export async function serveControl(
  path: string,
  handle: (request: ControlRequest) => Promise<ControlAnswer>,
): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    let text = ''
    socket.on('error', () => socket.destroy())
    socket.setEncoding('utf8').on('data', (data: string) => {
      text += data
      if (text.length > MAX_LINE) return socket.destroy()
      if (!text.includes('\n')) return
      const line = text.slice(0, text.indexOf('\n'))
      text = ''
      void answer(line).then((reply) => socket.end(`${JSON.stringify(reply)}\n`))
    })
  })
  const answer = async (line: string): Promise<ControlAnswer> => {
    try {
      return await handle(JSON.parse(line) as ControlRequest)
    } catch (error) {
      return { ok: false, error: error instanceof Error ? error.message : String(error) }
    }
  }
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, () => resolve(server))
  })
}

/** Sends one request; undefined when nobody answers on that socket within `timeoutMs`. */
export async function askSupervisor(
  path: string,
  request: ControlRequest,
  timeoutMs = 10_000,
): Promise<ControlAnswer | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path)
    let text = ''
    socket.setTimeout(timeoutMs, () => socket.destroy())
    socket.once('error', () => resolve(undefined))
    socket.once('connect', () => socket.write(`${JSON.stringify(request)}\n`))
    socket.setEncoding('utf8').on('data', (data: string) => {
      text += data
    })
    socket.once('close', () => resolve(parseAnswer(text)))
  })
}

function parseAnswer(text: string): ControlAnswer | undefined {
  try {
    return JSON.parse(text) as ControlAnswer
  } catch {
    return undefined
  }
}
