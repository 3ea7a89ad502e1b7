import { type BuiltUser, buildMember, unique } from '../../../../test/build.js'
import type { Answer } from '../../../../test/caller.js'
import type { TestServer } from '../../../../test/server.js'

type Json = object
type Node = { id: string } & Record<string, unknown>

/** A node for tests: its configuration, and what may be said besides. */
export function node(id: string, type: string, config: Json, more: Json = {}): Node {
  const isBranch = type === 'branch'
  return { id, type, config, ...(isBranch ? {} : { next: 'end' }), ...more }
}

/** A workflow that takes any input and begins with its first node, unless told otherwise. */
export function graphOf(
  nodes: readonly Node[],
  more: Json = {},
): { nodes: readonly Node[] } & Record<string, unknown> {
  return { input: { type: 'object' }, start: nodes[0]?.id ?? '', nodes, ...more }
}

/** Somebody who makes and runs workflows. */
export class Author {
  readonly server: TestServer
  readonly user: BuiltUser

  constructor(server: TestServer, user: BuiltUser) {
    this.server = server
    this.user = user
  }

  static async build(server: TestServer): Promise<Author> {
    return new Author(server, await buildMember(server))
  }

  get api() {
    return this.user.api
  }

  /** Publishes a graph as a template of its own; answers the template. */
  async publish(graph: Json, name = unique('flow')): Promise<{ id: string; name: string }> {
    const made = await ok(this.api.post('/workers/v1/workflow-templates', { name, graph }))
    await ok(this.api.post(`/workers/v1/workflow-templates/${made.id}/publish`, {}))
    return { id: made.id, name }
  }

  /** Starts a run, without anything done for it yet; answers its id. */
  async start(template: string, input: Json = {}): Promise<string> {
    return (await ok(this.api.post('/workers/v1/workflow-runs', { template, input }))).id
  }

  /** Publishes a graph, starts a run of it and lets it come as far as it comes by itself. */
  async run(graph: Json, input: Json = {}): Promise<Answer['body']> {
    const { id } = await this.publish(graph)
    const runId = await this.start(id, input)
    await this.server.work()
    return this.read(runId)
  }

  async read(runId: string): Promise<Answer['body']> {
    return ok(this.api.get(`/workers/v1/workflow-runs/${runId}`))
  }

  /** The steps of a run in the order in which they were begun. */
  async steps(runId: string): Promise<Answer['body'][]> {
    return (await ok(this.api.get(`/workers/v1/workflow-runs/${runId}/steps?limit=200`))).data.reverse()
  }

  /** Everything a run that is over told, in order. */
  async events(runId: string): Promise<Record<string, unknown>[]> {
    const stream = await this.api.stream(`/workers/v1/workflow-runs/${runId}/events`)
    return (await stream.rest())
      .filter(({ event }) => event !== 'end')
      .map(({ data }) => data as Record<string, unknown>)
  }
}

/** The body of an answer that has to be a success. */
export async function ok(answer: Promise<Answer>): Promise<Answer['body']> {
  const { status, text, body } = await answer
  if (status >= 300) throw new Error(`not a success: ${status} ${text}`)
  return body
}
