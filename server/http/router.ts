import type { MountedRoute } from '../kernel/assemble.js'
import type { Method } from '../kernel/define-route.js'

interface Node {
  children: Map<string, Node>
  parameter: Node | undefined
  routes: Map<Method, MountedRoute>
}

/** What the table says about an address: the route with its raw parameters, the methods it has, or nothing. */
export type Match =
  | { kind: 'route'; route: MountedRoute; params: Record<string, string> }
  | { kind: 'method'; allow: string[] }
  | { kind: 'none' }

const NO_PARAMS: Record<string, string> = Object.freeze({})

/**
 * Finds the route of a request by walking its path's segments once: the cost does not grow with the number of
 * routes. A fixed segment wins over a parameter. Parameters come percent-decoded.
 */
export class RouteTable {
  readonly #root = newNode()
  readonly #fixed = new Map<string, MountedRoute>()

  constructor(routes: readonly MountedRoute[]) {
    for (const route of routes) {
      this.#add(route)
      if (!route.path.includes(':')) this.#fixed.set(`${route.record.method} ${route.path}`, route)
    }
  }

  /** `method` undefined is one that no route has. */
  find(method: Method | undefined, path: string): Match {
    const fixed = method && this.#fixed.get(`${method} ${path}`)
    if (fixed) return { kind: 'route', route: fixed, params: NO_PARAMS }
    const segments = path.slice(1).split('/')
    const values: string[] = []
    const node = walk(this.#root, segments, 0, values)
    if (!node) return { kind: 'none' }
    const route = method && node.routes.get(method)
    if (!route) return { kind: 'method', allow: methodsOf(node) }
    const params = decode(route.path, values)
    return params ? { kind: 'route', route, params } : { kind: 'none' }
  }

  #add(route: MountedRoute): void {
    let node = this.#root
    for (const segment of route.path.slice(1).split('/')) {
      if (segment.startsWith(':')) {
        node.parameter ??= newNode()
        node = node.parameter
      } else {
        const next = node.children.get(segment) ?? newNode()
        node.children.set(segment, next)
        node = next
      }
    }
    node.routes.set(route.record.method, route)
  }
}

function walk(node: Node, segments: readonly string[], depth: number, values: string[]): Node | undefined {
  const segment = segments[depth]
  if (segment === undefined) return node.routes.size > 0 ? node : undefined
  const fixed = node.children.get(segment)
  const found = fixed && walk(fixed, segments, depth + 1, values)
  if (found) return found
  if (!node.parameter || segment === '') return undefined
  values.push(segment)
  const below = walk(node.parameter, segments, depth + 1, values)
  if (!below) values.pop()
  return below
}

function decode(pattern: string, values: readonly string[]): Record<string, string> | undefined {
  const params: Record<string, string> = {}
  let at = 0
  for (const segment of pattern.slice(1).split('/')) {
    if (!segment.startsWith(':')) continue
    try {
      const value = decodeURIComponent(values[at++] ?? '')
      // No id and no name holds one, and no database can look for it.
      if (value.includes('\0')) return undefined
      params[segment.slice(1)] = value
    } catch {
      return undefined
    }
  }
  return params
}

function methodsOf({ routes }: Node): string[] {
  const names = [...routes.keys()].flatMap((name) =>
    name === 'get' ? ['GET', 'HEAD'] : [name.toUpperCase()],
  )
  return names.sort()
}

function newNode(): Node {
  return { children: new Map(), parameter: undefined, routes: new Map() }
}
