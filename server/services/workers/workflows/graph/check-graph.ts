import type { z } from 'zod'
import { parseExpression } from '../expressions/parse-expression.js'
import { SCOPE_NAMES } from '../expressions/references.js'
import { DEPTH_MAX } from '../limits.js'
import { stepsBefore, stepsInside, stepsOfAll } from './before.js'
import { stepBound } from './bound.js'
import { expressionsIn, type PlacedExpression, templateExpressions } from './expressions-of.js'
import { type DeclaredSchema, knownNames } from './json-schema.js'
import { END } from './pieces.js'
import { edgesOf, type Plan, planOf, type Region } from './regions.js'
import {
  GRAPH_MAX_BYTES,
  type Graph,
  type GraphNode,
  graphDocument,
  graphNode,
  type NodeOf,
} from './schema.js'

/** One thing wrong with a graph; the pointer is into the graph. */
export interface GraphProblem {
  pointer: string
  code: string
  message: string
}

/** What a graph refers to outside of itself. */
export interface Surroundings {
  hasSecret(name: string): boolean
  /** A published version of a workflow; null where there is none. */
  subWorkflow(template: string, version: number): { depth: number; input: DeclaredSchema } | null
  /** Whether a kind of job is there to be enqueued. */
  hasJob(kind: string): boolean
}

export type CheckedGraph =
  | { problems: []; graph: Graph; plan: Plan; depth: number; stepBound: number }
  | { problems: GraphProblem[] }

/** Problems that are listed at most. */
const PROBLEMS_MAX = 200

/** Everything that is wrong with a graph, all at once; a graph without problems ends within its bound of steps. */
export async function checkGraph(document: unknown, surroundings: Surroundings): Promise<CheckedGraph> {
  if (Buffer.byteLength(JSON.stringify(document ?? null)) > GRAPH_MAX_BYTES)
    return { problems: [{ pointer: '', code: 'too_large', message: `at most ${GRAPH_MAX_BYTES} bytes` }] }
  const parsed = graphDocument.safeParse(document)
  if (!parsed.success) {
    const problems = [...parsed.error.issues.flatMap(problemsOf), ...(await problemsOfSoundNodes(document))]
    return { problems: problems.slice(0, PROBLEMS_MAX) }
  }
  const graph = parsed.data
  const plan = planOf(graph)
  const depth = 1 + Math.max(0, ...depthsIn(graph, surroundings))
  const problems = [
    ...duplicates(graph.nodes.map(({ id }) => id)),
    ...structureProblems(plan),
    ...(await expressionProblems(plan, surroundings)),
    ...graph.nodes.flatMap((node, i) => outsideProblems(node, `/nodes/${i}`, surroundings)),
    ...(depth > DEPTH_MAX
      ? [{ pointer: '', code: 'too_deep', message: `workflows run in each other ${DEPTH_MAX} deep at most` }]
      : []),
  ]
  if (problems.length > 0) return { problems: problems.slice(0, PROBLEMS_MAX) }
  return { problems: [], graph, plan, depth, stepBound: stepBound(plan) }
}

function problemsOf(issue: z.core.$ZodIssue): GraphProblem[] {
  const at = pointerOf(issue.path)
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({
      pointer: `${at}/${key}`,
      code: 'unknown_field',
      message: 'is not a known field',
    }))
  if (issue.code === 'invalid_union' && issue.path.at(-1) === 'type')
    return [{ pointer: at, code: 'unknown_type', message: `is no type of node: use ${TYPES.join(', ')}` }]
  return [{ pointer: at, code: issue.code, message: issue.message }]
}

const TYPES = graphNode.options.map((option) => option.shape.type.value)

function pointerOf(path: readonly PropertyKey[]): string {
  return path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

/** Where some nodes cannot even be read, what can be said of the others: their ids, next nodes and expressions. */
async function problemsOfSoundNodes(document: unknown): Promise<GraphProblem[]> {
  const { nodes } = (document ?? {}) as { nodes?: unknown }
  if (!Array.isArray(nodes)) return []
  const raw = nodes.slice(0, 200) as { id?: unknown }[]
  const ids = raw.map((node) => String(node?.id ?? ''))
  const known = new Set(ids)
  const found = duplicates(ids.filter((id) => id !== ''))
  for (const [i, one] of raw.entries()) {
    const { data: node } = graphNode.safeParse(one)
    if (!node) continue
    for (const { to, field } of edgesOf(node)) {
      if (to === END || known.has(to)) continue
      found.push({
        pointer: `/nodes/${i}${field}`,
        code: 'unknown_node',
        message: `there is no node "${to}"`,
      })
    }
    for (const { pointer, text } of expressionsIn(node).expressions)
      found.push(...(await syntaxProblems(text, `/nodes/${i}${pointer}`)))
  }
  return found
}

async function syntaxProblems(text: string, pointer: string): Promise<GraphProblem[]> {
  const parsed = await parseExpression(text)
  return 'problem' in parsed ? [{ pointer, code: 'bad_expression', message: parsed.problem }] : []
}

function duplicates(ids: readonly string[]): GraphProblem[] {
  return ids.flatMap((id, i) =>
    ids.indexOf(id) < i
      ? [{ pointer: `/nodes/${i}/id`, code: 'duplicate', message: `another node is called "${id}"` }]
      : [],
  )
}

function structureProblems(plan: Plan): GraphProblem[] {
  const { graph, regionOf, root } = plan
  const indexOf = (id: string) => graph.nodes.findIndex((node) => node.id === id)
  const found = plan.problems.map(({ node, field, code, message }) => ({
    pointer: `/nodes/${indexOf(node)}${field}`,
    code,
    message,
  }))
  if (!plan.nodes.has(graph.start))
    return [
      ...found,
      { pointer: '/start', code: 'unknown_node', message: `there is no node "${graph.start}"` },
    ]
  if (!root.nodes.some((node) => edgesOf(node).some(({ to }) => to === END)))
    found.push({ pointer: '/nodes', code: 'no_end', message: 'no node leads to the end' })
  for (const [i, { id }] of graph.nodes.entries()) {
    if (regionOf.has(id)) continue
    found.push({ pointer: `/nodes/${i}`, code: 'unreachable', message: `nothing leads to "${id}"` })
  }
  return found
}

async function expressionProblems(plan: Plan, surroundings: Surroundings): Promise<GraphProblem[]> {
  const { graph } = plan
  const found: GraphProblem[] = []
  for (const [i, node] of graph.nodes.entries()) {
    const { expressions, secrets } = expressionsIn(node)
    for (const one of expressions) {
      const visible = one.isInside ? stepsInside(plan, node.id) : stepsBefore(plan, node.id)
      const hasItem = one.isInside || isRepeated(plan.regionOf.get(node.id))
      found.push(...(await referenceProblems(plan, one, `/nodes/${i}`, { visible, hasItem })))
    }
    for (const { pointer, name } of secrets) {
      const at = `/nodes/${i}${pointer}`
      if (!/^\/config\/(headers|query)\//.test(pointer) || node.type !== 'http')
        found.push({
          pointer: at,
          code: 'secret_here',
          message: 'secrets go into headers and query of http nodes only',
        })
      else if (!surroundings.hasSecret(name))
        found.push({ pointer: at, code: 'unknown_secret', message: `there is no secret "${name}"` })
    }
  }
  const last = { visible: stepsOfAll(plan), hasItem: false }
  for (const one of templateExpressions(graph.output, '/output'))
    found.push(...(await referenceProblems(plan, one, '', last)))
  return found
}

/** Whether `item` and `index` mean something in a region. */
function isRepeated(region: Region | undefined): boolean {
  for (let at = region; at; at = at.parent ?? undefined) if (at.key === 'body') return true
  return false
}

async function referenceProblems(
  { nodes, graph }: Plan,
  { pointer, text }: PlacedExpression,
  base: string,
  { visible, hasItem }: { visible: ReadonlySet<string>; hasItem: boolean },
): Promise<GraphProblem[]> {
  const parsed = await parseExpression(text)
  const at = base + pointer
  if ('problem' in parsed) return [{ pointer: at, code: 'bad_expression', message: parsed.problem }]
  const { steps, inputs, names, unknown, forbidden } = parsed.references
  const known = knownNames(graph.input)
  const say = (code: string, message: string) => ({ pointer: at, code, message })
  return [
    ...[...forbidden].map((name) => say('forbidden_function', `"$${name}" may not be used`)),
    ...[...unknown].map((name) =>
      say('unknown_name', `"${name}" is not known here; expressions see ${SCOPE_NAMES.join(', ')}`),
    ),
    ...[...steps].filter((id) => !nodes.has(id)).map((id) => say('unknown_step', `there is no step "${id}"`)),
    ...[...steps]
      .filter((id) => nodes.has(id) && !visible.has(id))
      .map((id) => say('step_not_run', `the step "${id}" cannot have run here`)),
    ...[...inputs]
      .filter((name) => known !== null && !known.has(name))
      .map((name) => say('unknown_input', `the input has no "${name}"`)),
    ...(names.has('item') && !hasItem ? [say('no_item', 'there is no item outside of a loop')] : []),
  ]
}

function depthsIn(graph: Graph, { subWorkflow }: Surroundings): number[] {
  return graph.nodes.flatMap((node) =>
    node.type === 'workflow' ? [subWorkflow(node.config.template, node.config.version)?.depth ?? 0] : [],
  )
}

function outsideProblems(node: GraphNode, base: string, surroundings: Surroundings): GraphProblem[] {
  if (node.type === 'http') return credentialProblems(node, base)
  if (node.type === 'job' && !surroundings.hasJob(node.config.kind))
    return [
      {
        pointer: `${base}/config/kind`,
        code: 'unknown_job',
        message: `there is no kind of job "${node.config.kind}" to enqueue`,
      },
    ]
  return node.type === 'workflow' ? subWorkflowProblems(node, base, surroundings) : []
}

const CREDENTIAL_HEADER = /^(authorization|proxy-authorization|cookie|x-api-key|api-key|x-auth-token)$/i

/** A credential written into a graph would be read by everybody who may read graphs. */
function credentialProblems(node: NodeOf<'http'>, base: string): GraphProblem[] {
  return Object.entries(node.config.headers)
    .filter(([name, text]) => CREDENTIAL_HEADER.test(name) && !text.includes('{{'))
    .map(([name]) => ({
      pointer: `${base}/config/headers/${name}`,
      code: 'literal_secret',
      message: 'store it as a secret and write {{secrets.NAME}}',
    }))
}

function subWorkflowProblems(
  node: NodeOf<'workflow'>,
  base: string,
  { subWorkflow }: Surroundings,
): GraphProblem[] {
  const { template, version, input } = node.config
  const target = subWorkflow(template, version)
  if (!target)
    return [
      {
        pointer: `${base}/config/version`,
        code: 'unknown_version',
        message: `"${template}" has no published version ${version}`,
      },
    ]
  // What an expression makes is known when it is evaluated.
  if (typeof input === 'string') return []
  const known = knownNames(target.input)
  const required = (target.input.required as string[] | undefined) ?? []
  return [
    ...required
      .filter((name) => !Object.hasOwn(input, name))
      .map((name) => ({
        code: 'missing_input',
        message: `"${template}" needs the input "${name}"`,
        pointer: '',
      })),
    ...Object.keys(input)
      .filter((name) => known !== null && !known.has(name))
      .map((name) => ({
        code: 'unknown_input',
        message: `"${template}" takes no "${name}"`,
        pointer: `/${name}`,
      })),
  ].map((problem) => ({ ...problem, pointer: `${base}/config/input${problem.pointer}` }))
}
