import { z } from 'zod'
import type { MountedRoute } from './assemble.js'
import type { RouteRecord } from './define-route.js'
import type { PermissionMatrix } from './permissions.js'
import { pageContent } from './schema.js'

const REQUIRED = ['id', 'path', 'summary', 'access', 'limit', 'audit', 'input', 'output', 'handler'] as const

/** Adds what is wrong with the routes of all services, each by itself and against each other. */
export function checkRoutes(
  routes: readonly MountedRoute[],
  permissions: PermissionMatrix,
  problems: string[],
): void {
  const ids = routes.map((route) => route.record.id)
  checkUnique(ids, 'operationId', problems)
  const addresses = routes.map(
    ({ record, path }) => `${methodOf(record)} ${path.replace(/:[a-zA-Z]+/g, ':x')}`,
  )
  checkUnique(addresses, 'route', problems)
  for (const { record, path } of routes) {
    const found = [
      ...missing(record),
      ...unknownPermission(record, permissions),
      ...badPath(record, path),
      ...misfits(record),
    ]
    problems.push(...found.map((text) => `${methodOf(record)} ${path}: ${text}`))
  }
}

/** Adds a problem for each value that stands more than once. */
export function checkUnique(values: readonly string[], what: string, problems: string[]): void {
  const seen = new Set<string>()
  for (const value of values) {
    if (seen.has(value)) problems.push(`the ${what} "${value}" is declared twice`)
    seen.add(value)
  }
}

function methodOf(record: RouteRecord): string {
  return record.method.toUpperCase()
}

function missing(record: RouteRecord): string[] {
  return REQUIRED.filter((field) => record[field] === undefined).map((field) => `"${field}" is missing`)
}

function unknownPermission({ access }: RouteRecord, permissions: PermissionMatrix): string[] {
  if (access?.kind !== 'can' || Object.hasOwn(permissions, access.permission)) return []
  return [`the permission "${access.permission}" is not in server/permissions.ts`]
}

function badPath({ input }: RouteRecord, path: string): string[] {
  const named = [...path.matchAll(/:([a-zA-Z]+)/g)].map((match) => match[1])
  const schema = input?.params
  if (named.length === 0) return []
  if (!schema) return ['the path has parameters but input.params has no schema']
  if (!(schema instanceof z.ZodObject)) return []
  const known = Object.keys(schema.shape)
  const same = named.length === known.length && named.every((name) => known.includes(name ?? ''))
  return same ? [] : [`the path names ${named.join(', ')}, input.params names ${known.join(', ')}`]
}

function misfits(record: RouteRecord): string[] {
  const { status, location, method, input, audit, transaction } = record
  const found: string[] = []
  if (record.accepts === 'bytes' && !record.mediaTypes)
    found.push('a route that accepts bytes must give `mediaTypes`')
  if (record.produces === 'page' && record.output !== pageContent)
    found.push('a route that produces a page has the output `pageContent`')
  if (status === 201 && !location) found.push('a route that answers 201 must give `location`')
  if (method === 'get' && input?.body) found.push('a GET takes no body')
  if (method === 'get' && audit && !('none' in audit) && transaction === 'manual') {
    found.push('an audited GET needs a transaction')
  }
  return found
}
