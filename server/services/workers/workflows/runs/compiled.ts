import { defineState } from '../../../../kernel/resources.js'
import { type Plan, planOf } from '../graph/regions.js'
import { graphDocument } from '../graph/schema.js'
import type { WorkflowVersion } from '../models/version.js'
import { type CompiledWorkflow, compileWorkflow } from './compile.js'
import { loadLangGraph } from './langgraph.js'

/** Compiled versions a process keeps. */
const KEPT_MAX = 50

const compiled = defineState(
  'workflows.compiled',
  () => new Map<string, { plan: Plan; workflow: CompiledWorkflow }>(),
)

/** A version ready to run. It never changes, so that a process compiles it once. */
export async function compiledVersion(
  known: Map<string, { plan: Plan; workflow: CompiledWorkflow }>,
  version: WorkflowVersion,
): Promise<{ plan: Plan; workflow: CompiledWorkflow }> {
  const found = known.get(version.id)
  if (found) return found
  const plan = planOf(graphDocument.parse(version.graph))
  const made = { plan, workflow: compileWorkflow(await loadLangGraph(), plan) }
  const [oldest] = known.keys()
  if (known.size >= KEPT_MAX && oldest !== undefined) known.delete(oldest)
  known.set(version.id, made)
  return made
}

export { compiled as compiledVersions }
