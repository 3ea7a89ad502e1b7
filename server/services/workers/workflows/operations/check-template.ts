import type { Ctx } from '../../../../kernel/context.js'
import { type CheckedGraph, checkGraph, type Surroundings } from '../graph/check-graph.js'
import type { DeclaredSchema } from '../graph/json-schema.js'
import { listSecrets } from '../models/secret.js'
import { findVersionsByName } from '../models/version.js'

/** Everything that is wrong with a graph in the caller's organisation. */
export async function checkInTenant(ctx: Ctx, graph: unknown): Promise<CheckedGraph> {
  return checkGraph(graph, await surroundingsOf(ctx, graph))
}

async function surroundingsOf(ctx: Ctx, graph: unknown): Promise<Surroundings> {
  const secrets = new Set((await listSecrets(ctx)).map(({ name }) => name))
  const versions = new Map(
    (await findVersionsByName(ctx, subWorkflowsIn(graph))).map((found) => [
      `${found.name} ${found.number}`,
      found,
    ]),
  )
  return {
    hasSecret: (name) => secrets.has(name),
    hasJob: (kind) => ctx.resources.jobs.kinds.get(kind)?.exposed !== undefined,
    subWorkflow: (template, version) => {
      const found = versions.get(`${template} ${version}`)
      return found ? { depth: found.depth, input: inputOf(found.graph) } : null
    },
  }
}

function inputOf(graph: Record<string, unknown>): DeclaredSchema {
  return (graph.input ?? { type: 'object', properties: {}, additionalProperties: false }) as DeclaredSchema
}

/** The versions that a graph, sound or not, seems to name. */
function subWorkflowsIn(graph: unknown): { template: string; version: number }[] {
  const { nodes } = (graph ?? {}) as { nodes?: unknown }
  if (!Array.isArray(nodes)) return []
  return nodes
    .slice(0, 200)
    .flatMap((node: { type?: unknown; config?: { template?: unknown; version?: unknown } }) => {
      const { template, version } = node?.config ?? {}
      const isNamed =
        node?.type === 'workflow' &&
        typeof template === 'string' &&
        Number.isInteger(version) &&
        Number(version) > 0 &&
        Number(version) <= 1_000_000
      return isNamed
        ? [{ template: template.toWellFormed().replaceAll('\0', ''), version: Number(version) }]
        : []
    })
}
