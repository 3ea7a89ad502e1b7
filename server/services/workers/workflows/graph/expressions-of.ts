import { type Found, findTemplates, type Part } from '../expressions/template.js'
import type { GraphNode } from './schema.js'

/** An expression of a node with where it stands in the node (JSON pointer). */
export interface PlacedExpression {
  pointer: string
  text: string
  /** Evaluated when what the node repeats has run: it sees that too. */
  isInside: boolean
}

/** A reference to a secret with where it stands in the node. */
export interface PlacedSecret {
  pointer: string
  name: string
}

/** Every expression of a node and every secret it refers to. */
export function expressionsIn(node: GraphNode): { expressions: PlacedExpression[]; secrets: PlacedSecret[] } {
  const plain = plainExpressions(node)
  const pointers = new Set(plain.map(({ pointer }) => pointer))
  const templates = findTemplates(node.config, '/config').filter(({ pointer }) => !pointers.has(pointer))
  return {
    expressions: [...plain, ...templates.flatMap(expressionsAt)],
    secrets: templates.flatMap(secretsAt),
  }
}

/** The expressions of any value that may hold templates. */
export function templateExpressions(value: unknown, pointer: string): PlacedExpression[] {
  return findTemplates(value, pointer).flatMap(expressionsAt)
}

/** Fields that are expressions as a whole. */
function plainExpressions(node: GraphNode): PlacedExpression[] {
  switch (node.type) {
    case 'transform':
      return placed({ '/config/expression': node.config.expression })
    case 'branch':
      return node.config.cases.map(({ when }, i) => ({
        pointer: `/config/cases/${i}/when`,
        text: when,
        isInside: false,
      }))
    case 'loop':
      return [
        ...placed({ '/config/over': node.config.over }),
        ...placed({ '/config/while': node.config.while, '/config/collect': node.config.collect }, true),
      ]
    case 'parallel':
      return placed({ '/config/over': node.config.over })
    default:
      return []
  }
}

function placed(fields: Record<string, string | undefined>, isInside = false): PlacedExpression[] {
  return Object.entries(fields).flatMap(([pointer, text]) =>
    text === undefined ? [] : [{ pointer, text, isInside }],
  )
}

function expressionsAt({ pointer, parts }: Found): PlacedExpression[] {
  return parts.flatMap((part: Part) =>
    'expression' in part ? [{ pointer, text: part.expression, isInside: false }] : [],
  )
}

function secretsAt({ pointer, parts }: Found): PlacedSecret[] {
  return parts.flatMap((part: Part) => ('secret' in part ? [{ pointer, name: part.secret }] : []))
}
