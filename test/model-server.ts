import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A call as the model server saw it. */
export interface ModelCall {
  model: string
  messages: { role: string; content: string }[]
  max_tokens?: number
  response_format?: { type: string; json_schema?: { schema: unknown } }
  headers: IncomingMessage['headers']
}

/** What the model says: a text, or a failure of its server. */
export type ModelReply = string | { status: number; headers?: Record<string, string> }

/** A model server that speaks the OpenAI-compatible API over HTTP and says what a test makes it say. */
export class ModelServer {
  readonly calls: ModelCall[] = []
  reply: (call: ModelCall, count: number) => ModelReply = () => 'hello'
  finishReason = 'stop'
  readonly #server: Server

  constructor() {
    this.#server = createServer((request, response) => void this.#answer(request, response))
  }

  async open(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
  }

  /** Base address, as MODEL_BASE_URL takes it. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`
  }

  close(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = ''
    for await (const piece of request) text += String(piece)
    if (request.method !== 'POST' || request.url !== '/v1/chat/completions') {
      response.writeHead(404).end()
      return
    }
    const call = { ...(JSON.parse(text) as ModelCall), headers: request.headers }
    this.calls.push(call)
    const reply = this.reply(call, this.calls.length)
    if (typeof reply !== 'string') {
      response.writeHead(reply.status, reply.headers).end('{"error":{"message":"no"}}')
      return
    }
    const prompt = call.messages.reduce((sum, { content }) => sum + content.length, 0)
    response.setHeader('content-type', 'application/json')
    response.end(
      JSON.stringify({
        id: `chatcmpl-${this.calls.length}`,
        object: 'chat.completion',
        model: call.model,
        choices: [
          { index: 0, message: { role: 'assistant', content: reply }, finish_reason: this.finishReason },
        ],
        usage: {
          prompt_tokens: prompt,
          completion_tokens: reply.length,
          total_tokens: prompt + reply.length,
        },
      }),
    )
  }
}
