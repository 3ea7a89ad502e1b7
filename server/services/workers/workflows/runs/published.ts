import type { Ctx } from '../../../../kernel/context.js'
import { defineState } from '../../../../kernel/resources.js'
import { stepBound } from '../graph/bound.js'
import { type Plan, planOf } from '../graph/regions.js'
import { type Graph, graphDocument } from '../graph/schema.js'
import { findVersion } from '../models/version.js'
import { type CompiledWorkflow, compileWorkflow } from './compile.js'
import { loadLangGraph } from './langgraph.js'

/** Versions a process keeps. */
const KEPT_MAX = 100

/** A published version as a process keeps it: it never changes, so it is read and compiled once. */
export class PublishedVersion {
  readonly graph: Graph
  readonly plan: Plan
  readonly stepBound: number
  #workflow: Promise<CompiledWorkflow> | undefined

  constructor(document: unknown) {
    this.graph = graphDocument.parse(document)
    this.plan = planOf(this.graph)
    this.stepBound = stepBound(this.plan)
  }

  /** Ready to be run by LangGraph. */
  workflow(): Promise<CompiledWorkflow> {
    this.#workflow ??= loadLangGraph().then((loaded) => compileWorkflow(loaded, this.plan))
    return this.#workflow
  }
}

const published = defineState('workflows.published', () => new Map<string, PublishedVersion>())

/** A published version of the caller's tenant; null where there is none. */
export async function publishedVersion(
  ctx: Ctx,
  templateId: string,
  number: number,
): Promise<PublishedVersion | null> {
  const known = ctx.state(published)
  const key = `${ctx.tenant.id} ${templateId} ${number}`
  const kept = known.get(key)
  if (kept) return kept
  const version = await ctx.transaction(() => findVersion(ctx, templateId, number))
  if (!version) return null
  const made = new PublishedVersion(version.graph)
  const [oldest] = known.keys()
  if (known.size >= KEPT_MAX && oldest !== undefined) known.delete(oldest)
  known.set(key, made)
  return made
}
