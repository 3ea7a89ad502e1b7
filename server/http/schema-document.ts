import { z } from 'zod'

export type JsonSchema = Record<string, unknown>

/** Collects the named schemas (`.meta({ id })`) of all converted ones, for `components.schemas`. */
export class SchemaCollector {
  readonly components: Record<string, JsonSchema> = {}

  /** JSON Schema 2020-12 of a zod schema; named parts become references to components. */
  convert(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
    const {
      $schema: _dialect,
      $defs,
      ...converted
    } = z.toJSONSchema(schema, {
      io,
      unrepresentable: 'any',
      override: ({ jsonSchema }) => {
        delete jsonSchema['~standard']
      },
    }) as JsonSchema
    for (const [name, definition] of Object.entries(($defs ?? {}) as Record<string, JsonSchema>)) {
      this.components[name] = relink(withoutId(definition)) as JsonSchema
    }
    const { id, ...rest } = converted
    if (typeof id === 'string') {
      this.components[id] = relink(rest) as JsonSchema
      return { $ref: `#/components/schemas/${id}` }
    }
    return relink(converted) as JsonSchema
  }
}

function withoutId({ id: _id, ...rest }: JsonSchema): JsonSchema {
  return rest
}

function relink(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(relink)
  if (typeof value !== 'object' || value === null) return value
  const out: JsonSchema = {}
  for (const [key, inner] of Object.entries(value)) {
    out[key] =
      key === '$ref' && typeof inner === 'string'
        ? inner.replace('#/$defs/', '#/components/schemas/')
        : relink(inner)
  }
  return out
}

const BY_FORMAT: Record<string, string> = {
  uuid: '01970000-0000-7000-8000-000000000001',
  'date-time': '2026-01-31T12:00:00Z',
  email: 'ada@example.com',
  uri: 'https://example.com/',
}

/** A value that fits a schema, made from its examples, defaults and bounds. Follows references. */
export function exampleOf(schema: JsonSchema, components: Record<string, JsonSchema>, depth = 0): unknown {
  if (depth > 12) return null
  const of = (inner: unknown) => exampleOf(inner as JsonSchema, components, depth + 1)
  if (Array.isArray(schema.examples) && schema.examples.length > 0) return schema.examples[0]
  if (schema.example !== undefined) return schema.example
  if (schema.default !== undefined) return schema.default
  if (schema.const !== undefined) return schema.const
  if (Array.isArray(schema.enum)) return schema.enum[0]
  if (typeof schema.$ref === 'string') return of(components[schema.$ref.split('/').at(-1) ?? ''] ?? {})
  for (const key of ['anyOf', 'oneOf', 'allOf']) {
    if (Array.isArray(schema[key])) return of(schema[key][0])
  }
  switch (schema.type) {
    case 'object': {
      const required = new Set((schema.required as string[] | undefined) ?? [])
      const entries = Object.entries((schema.properties as Record<string, JsonSchema> | undefined) ?? {})
      return Object.fromEntries(
        entries.filter(([name]) => required.has(name)).map(([name, inner]) => [name, of(inner)]),
      )
    }
    case 'array':
      return [of(schema.items ?? {})]
    case 'string':
      return BY_FORMAT[String(schema.format)] ?? 'text'.padEnd(Number(schema.minLength ?? 0), 'x')
    case 'integer':
    case 'number':
      return Number(
        schema.minimum ?? (schema.exclusiveMinimum !== undefined ? Number(schema.exclusiveMinimum) + 1 : 1),
      )
    case 'boolean':
      return true
    default:
      return null
  }
}
