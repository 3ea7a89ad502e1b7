import { createServer, type IncomingMessage, type Server } from 'node:http'

/** One request as the stub saw it. */
export interface SeenRequest {
  method: string
  path: string
  query: Record<string, string>
  headers: IncomingMessage['headers']
  body: unknown
}

/** What the stub answers; 'reset' breaks the connection without an answer. */
export type StubAnswer = { status?: number; body?: unknown; headers?: Record<string, string> } | 'reset'

/** A real HTTP server on a free port of 127.0.0.1 that answers as a test says and remembers what it was asked. */
export class ApiStub {
  readonly seen: SeenRequest[] = []
  private readonly answers = new Map<string, (request: SeenRequest) => StubAnswer>()

  private constructor(private readonly server: Server) {}

  static async start(): Promise<ApiStub> {
    const server = createServer()
    const stub = new ApiStub(server)
    server.on('request', (request, response) => {
      void stub.see(request).then((seen) => {
        const answer = stub.answerTo(seen)
        if (answer === 'reset') return request.socket.destroy()
        const { status = 200, body, headers = {} } = answer
        response.writeHead(status, {
          'content-type': 'application/json',
          'x-request-id': 'req-1',
          ...headers,
        })
        return response.end(body === undefined ? '' : JSON.stringify(body))
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
