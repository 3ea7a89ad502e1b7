import { z } from 'zod'

/** Depth, parts and bytes of a declared schema at most. */
const DEPTH_MAX = 8
const PARTS_MAX = 200

const NAME = z.string().min(1).max(100)
const words = z.string().max(1_000)
const size = z.int().min(0).max(1_000_000)
const constant = z.union([z.string().max(1_000), z.number(), z.boolean(), z.null()])

const TYPES = ['string', 'number', 'integer', 'boolean', 'object', 'array', 'null'] as const

interface Schema {
  type?: (typeof TYPES)[number] | (typeof TYPES)[number][] | undefined
  properties?: Record<string, Schema> | undefined
  items?: Schema | undefined
  required?: string[] | undefined
  additionalProperties?: boolean | undefined
  [keyword: string]: unknown
}

/** The part of JSON Schema that may be declared: nothing in it can be slow to check (no patterns, no references). */
const part: z.ZodType<Schema> = z.lazy(() =>
  z.strictObject({
    type: z.union([z.enum(TYPES), z.array(z.enum(TYPES)).min(1).max(TYPES.length)]).optional(),
    title: words.optional(),
    description: words.optional(),
    default: z.json().optional(),
    examples: z.array(z.json()).max(10).optional(),
    enum: z.array(constant).min(1).max(200).optional(),
    const: constant.optional(),
    minLength: size.optional(),
    maxLength: size.optional(),
    format: z.enum(['email', 'uri', 'uuid', 'date', 'date-time']).optional(),
    minimum: z.number().optional(),
    maximum: z.number().optional(),
    exclusiveMinimum: z.number().optional(),
    exclusiveMaximum: z.number().optional(),
    items: part.optional(),
    minItems: size.optional(),
    maxItems: size.optional(),
    properties: z.record(NAME, part).optional(),
    required: z.array(NAME).max(PARTS_MAX).optional(),
    additionalProperties: z.boolean().optional(),
  }),
)

/** A declared schema of an object: of a run's input, of an answer, of what a model is to say. */
export const declaredSchema = z
  .custom<Record<string, unknown>>(isObject, 'must be a JSON Schema')
  .superRefine((value, check) => {
    const problem = boundsProblem(value, 0, { parts: 0 })
    if (problem) {
      check.addIssue(problem)
      return
    }
    const parsed = part.safeParse(value)
    if (parsed.success) return
    for (const issue of parsed.error.issues.slice(0, 20)) {
      check.addIssue({ code: 'custom', message: wordsOf(issue), path: issue.path as (string | number)[] })
    }
  })

export type DeclaredSchema = z.infer<typeof declaredSchema>

/** One place where a value does not fit; the pointer is within the value. */
export interface Misfit {
  pointer: string
  code: string
  message: string
}

/** The value as the schema has it, with defaults filled in, or where it does not fit. */
export function fitTo(schema: DeclaredSchema, value: unknown): { value: unknown } | { misfits: Misfit[] } {
  const result = checkerOf(schema).safeParse(value)
  if (result.success) return { value: result.data }
  return { misfits: result.error.issues.flatMap(misfitsOf).slice(0, 50) }
}

function misfitsOf(issue: z.core.$ZodIssue): Misfit[] {
  const { code, message, path } = issue
  if (code !== 'unrecognized_keys') return [{ pointer: pointerOf(path), code, message }]
  return issue.keys.map((key) => ({
    pointer: pointerOf([...path, key]),
    code: 'unknown',
    message: 'is not a known field',
  }))
}

function pointerOf(path: readonly PropertyKey[]): string {
  return path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

const checkers = new WeakMap<object, z.ZodType>()

function checkerOf(schema: DeclaredSchema): z.ZodType {
  const known = checkers.get(schema)
  if (known) return known
  const made = z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0])
  checkers.set(schema, made)
  return made
}

/** Names that an object of this schema may have; null where it may have any. */
export function knownNames(schema: DeclaredSchema): Set<string> | null {
  const { properties, additionalProperties } = schema as Schema
  return additionalProperties === false ? new Set(Object.keys(properties ?? {})) : null
}

function boundsProblem(value: unknown, depth: number, count: { parts: number }): string | undefined {
  if (!isObject(value)) return undefined
  count.parts += 1
  if (count.parts > PARTS_MAX) return `a schema has ${PARTS_MAX} parts at most`
  if (depth > DEPTH_MAX) return `a schema is ${DEPTH_MAX} levels deep at most`
  const { properties, items } = value as Schema
  const inner = [...(isObject(properties) ? Object.values(properties) : []), items]
  for (const one of inner) {
    const problem = boundsProblem(one, depth + 1, count)
    if (problem) return problem
  }
  return undefined
}

function wordsOf(issue: z.core.$ZodIssue): string {
  return issue.code === 'unrecognized_keys'
    ? `does not know ${issue.keys.slice(0, 5).join(', ')}: only a part of JSON Schema may be used`
    : issue.message
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
