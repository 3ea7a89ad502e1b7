import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'

/** One request as the stub saw it. */
export interface SeenRequest {
  method: string
  path: string
  query: Record<string, string>
  headers: IncomingMessage['headers']
  body: unknown
}

/** A stream of events, sent piece by piece as it stands; with `breaks` the connection breaks after the last piece. */
export interface StubStream {
  pieces: readonly string[]
  breaks?: boolean
}

/** What the stub answers; 'reset' breaks the connection without an answer. */
export type StubAnswer = StubDocument | StubStream | 'reset'

interface StubDocument {
  status?: number
  body?: unknown
  headers?: Record<string, string>
}

/** A real HTTP server on a free port of 127.0.0.1 that answers as a test says and remembers what it was asked. */
export class ApiStub {
  readonly seen: SeenRequest[] = []
  private readonly answers = new Map<string, (request: SeenRequest) => StubAnswer>()

  private constructor(private readonly server: Server) {}

  static async start(): Promise<ApiStub> {
    const server = createServer()
    const stub = new ApiStub(server)
    server.on('request', (request, response) => {
      void stub.see(request).then(async (seen) => {
        const answer = stub.answerTo(seen)
        if (answer === 'reset') request.socket.destroy()
        else if ('pieces' in answer) await sendStream(response, answer)
        else send(response, answer)
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return stub
  }

  get port(): number {
    const address = this.server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** Answers `METHOD /path` from now on. */
  on(route: string, answer: StubAnswer | ((request: SeenRequest) => StubAnswer)): void {
    this.answers.set(route, typeof answer === 'function' ? answer : () => answer)
  }

  /** Forgets answers and requests. */
  reset(): void {
    this.answers.clear()
    this.seen.length = 0
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections()
    await new Promise((resolve) => this.server.close(resolve))
  }

  private async see(request: IncomingMessage): Promise<SeenRequest> {
    let text = ''
    for await (const chunk of request) text += String(chunk)
    const { pathname, searchParams } = new URL(request.url ?? '/', this.url)
    const seen = {
      method: request.method ?? '',
      path: decodeURIComponent(pathname),
      query: Object.fromEntries(searchParams),
      headers: request.headers,
      body: text === '' ? undefined : JSON.parse(text),
    }
    this.seen.push(seen)
    return seen
  }

  private answerTo(seen: SeenRequest): StubAnswer {
    const answer = this.answers.get(`${seen.method} ${seen.path}`)
    if (answer) return answer(seen)
    const body = {
      title: 'Not Found',
      status: 404,
      code: 'http.not_found',
      detail: 'There is nothing here.',
      next: 'Check the path.',
      request_id: 'req-404',
    }
    return { status: 404, body, headers: { 'content-type': 'application/problem+json' } }
  }
}

function send(response: ServerResponse, { status = 200, body, headers = {} }: StubDocument): void {
  response.writeHead(status, { 'content-type': 'application/json', 'x-request-id': 'req-1', ...headers })
  response.end(body === undefined ? '' : JSON.stringify(body))
}

async function sendStream(response: ServerResponse, { pieces, breaks = false }: StubStream): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  for (const piece of pieces) await new Promise((resolve) => response.write(piece, resolve))
  if (breaks) response.destroy()
  else response.end()
}
