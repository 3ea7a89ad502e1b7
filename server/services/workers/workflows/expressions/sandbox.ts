import { readFileSync } from 'node:fs'
import vm from 'node:vm'
import {
  EVALUATION_LIMITS,
  type EvaluationAnswer,
  type EvaluationRequest,
  READY,
} from './sandbox-protocol.js'

/**
 * The process in which expressions are evaluated: `evaluator.ts` starts it with an empty environment, a small heap, no
 * file system but this file and the library, and no code made of text. Here each tenant's expressions run in a realm
 * of their own that holds the JSONata library, JSON and nothing of Node; only texts go in and out.
 */

/** Realms kept, of the tenants served last. */
const REALMS_MAX = 12
/**
 * Milliseconds by the clock after which an evaluation is stopped, one try after the other: it is tried again only where
 * the machine did not give it the time it may use of a processor.
 */
const TRIES_MS = [1, 2, 4].map((times) => times * EVALUATION_LIMITS.timeMs)
/** Codes of an evaluation that was stopped for its time: by JSONata between two steps, or by this file within one. */
const OUT_OF_TIME: ReadonlySet<string> = new Set(['D1012', 'timeout'])
/**
 * The share of a try at which JSONata stops by itself, so that mostly no realm is lost. An expression that had as much of a
 * processor had its time.
 */
const LEAST_SHARE = 0.8

/** Inside of a realm: everything is evaluated to the end before `run` returns, because its microtasks are its own. */
const GUEST = `'use strict'
globalThis.run = (expression, scope, bounds) => {
  globalThis.answer = undefined
  const fail = (error) => {
    globalThis.answer = JSON.stringify({ code: String(error && error.code), message: String(error && error.message) })
    globalThis.failed = true
  }
  globalThis.failed = false
  try {
    const compiled = globalThis.jsonata(expression, JSON.parse(bounds))
    compiled.assign('eval', undefined)
    compiled.evaluate(JSON.parse(scope)).then((value) => {
      try {
        const text = JSON.stringify(value, (key, inner) => (typeof inner === 'function' ? null : inner))
        globalThis.answer = text === undefined ? 'null' : text
      } catch (error) { fail(error) }
    }, fail)
  } catch (error) { fail(error) }
}`

interface Realm extends vm.Context {
  answer?: unknown
  failed?: unknown
}

const library = new vm.Script(readFileSync(process.argv[2] ?? '', 'utf8'), { filename: 'jsonata.js' })
const guest = new vm.Script(GUEST, { filename: 'guest.js' })
const call = new vm.Script('run(expression, scope, bounds)', { filename: 'call.js' })
const realms = new Map<string, Realm>()

function realmOf(tenantId: string): Realm {
  const known = realms.get(tenantId)
  realms.delete(tenantId)
  const realm = known ?? newRealm()
  realms.set(tenantId, realm)
  const [oldest] = realms.keys()
  if (realms.size > REALMS_MAX && oldest !== undefined) realms.delete(oldest)
  return realm
}

function newRealm(): Realm {
  const realm = vm.createContext(Object.create(null), {
    codeGeneration: { strings: false, wasm: false },
    microtaskMode: 'afterEvaluate',
  })
  library.runInContext(realm)
  guest.runInContext(realm)
  return realm
}

function evaluate(request: EvaluationRequest): Omit<EvaluationAnswer, 'id'> {
  let answer: Omit<EvaluationAnswer, 'id'> = {}
  for (const ms of TRIES_MS) {
    const begun = process.cpuUsage()
    answer = tryOnce(request, ms)
    const { user, system } = process.cpuUsage(begun)
    const isOutOfTime = answer.error !== undefined && OUT_OF_TIME.has(answer.error.code)
    if (!isOutOfTime || (user + system) / 1_000 >= EVALUATION_LIMITS.timeMs * LEAST_SHARE) break
  }
  return answer
}

function tryOnce(
  { tenantId, expression, scope }: EvaluationRequest,
  ms: number,
): Omit<EvaluationAnswer, 'id'> {
  const realm = realmOf(tenantId)
  const { depth: stack, items: sequence } = EVALUATION_LIMITS
  const bounds = JSON.stringify({ timeout: ms * LEAST_SHARE, stack, sequence })
  Object.assign(realm, { expression, scope, bounds })
  try {
    call.runInContext(realm, { timeout: ms })
  } catch (error) {
    // It may have been stopped anywhere: what is left of the realm is not used again.
    realms.delete(tenantId)
    const isLate = (error as { code?: unknown }).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
    return { error: { code: isLate ? 'timeout' : 'failed', message: 'the evaluation was stopped' } }
  }
  const { answer, failed } = realm
  if (typeof answer !== 'string') return { error: { code: 'failed', message: 'it came to no result' } }
  if (failed === true) return { error: JSON.parse(answer) as { code: string; message: string } }
  if (answer.length > EVALUATION_LIMITS.resultCharacters) {
    return { error: { code: 'too_large', message: 'the result is too large' } }
  }
  return { json: answer }
}

process.on('message', (request: EvaluationRequest) => {
  process.send?.({ id: request.id, ...evaluate(request) } satisfies EvaluationAnswer)
})
process.on('disconnect', () => process.exit(0))
process.send?.(READY)
