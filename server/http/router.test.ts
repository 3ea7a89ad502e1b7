import { expect } from 'chai'
import fc from 'fast-check'
import type { MountedRoute } from '../kernel/assemble.js'
import type { Method } from '../kernel/define-route.js'
import { type Match, RouteTable } from './router.js'

const METHODS = ['get', 'post', 'patch', 'delete'] as const

function mounted(method: Method, path: string): MountedRoute {
  return { path, record: { method } } as unknown as MountedRoute
}

/** What a reader of the rules would do by hand: most fixed segments, from the left, win. */
function byHand(routes: readonly MountedRoute[], method: Method, path: string): string {
  const given = path.slice(1).split('/')
  const fits = routes.filter((route) => {
    const wanted = route.path.slice(1).split('/')
    return (
      wanted.length === given.length &&
      wanted.every((part, i) => (part.startsWith(':') ? given[i] !== '' : part === given[i]))
    )
  })
  const shape = (route: MountedRoute) => route.path.replace(/:[a-z]+/g, '~')
  const best = fits.map(shape).sort()[0]
  const here = fits.filter((route) => shape(route) === best)
  if (here.length === 0) return 'none'
  const route = here.find((one) => one.record.method === method)
  return route ? `${route.record.method} ${route.path}` : 'method'
}

function told(match: Match): string {
  return match.kind === 'route' ? `${match.route.record.method} ${match.route.path}` : match.kind
}

const segment = fc.constantFrom('a', 'b', 'c', '')
const pattern = fc
  .array(fc.oneof(fc.constantFrom('a', 'b', 'c'), fc.constantFrom(':x', ':y')), {
    minLength: 1,
    maxLength: 4,
  })
  .map((parts) => `/${parts.map((part, i) => (part.startsWith(':') ? `:p${'abcd'[i]}` : part)).join('/')}`)

describe('the route table', () => {
  it('finds what a reader would find by hand', () => {
    const routeSet = fc.uniqueArray(fc.tuple(fc.constantFrom(...METHODS), pattern), {
      maxLength: 12,
      selector: ([method, path]) => `${method} ${path}`,
    })
    const path = fc.array(segment, { minLength: 1, maxLength: 5 }).map((parts) => `/${parts.join('/')}`)
    fc.assert(
      fc.property(routeSet, fc.constantFrom(...METHODS), path, (set, method, asked) => {
        const routes = set.map(([one, pathOf]) => mounted(one, pathOf))
        expect(told(new RouteTable(routes).find(method, asked))).to.equal(byHand(routes, method, asked))
      }),
      { numRuns: 2_000 },
    )
  })

  it('gives every parameter its decoded text, whatever that is', () => {
    const table = new RouteTable([mounted('get', '/a/:one/b/:two')])
    const text = fc.string({ minLength: 1, unit: 'grapheme' })
    fc.assert(
      fc.property(text, text, (one, two) => {
        const match = table.find('get', `/a/${encodeURIComponent(one)}/b/${encodeURIComponent(two)}`)
        expect(match.kind === 'route' && match.params).to.deep.equal({ one, two })
      }),
    )
  })

  it('finds nothing under names of JavaScript’s own, broken escapes and trailing slashes', () => {
    const table = new RouteTable([mounted('get', '/a/:id'), mounted('get', '/a')])
    for (const path of ['/__proto__', '/constructor', '/a/', '/a/%', '/a/%ff', '//a', '', '/', '/a/b/c']) {
      expect(table.find('get', path).kind, path).to.equal('none')
    }
    expect(told(table.find('get', '/a/__proto__'))).to.equal('get /a/:id')
  })

  it('names the methods of an address it knows, with HEAD where there is GET', () => {
    const table = new RouteTable([
      mounted('post', '/a/:id'),
      mounted('get', '/a/:id'),
      mounted('delete', '/b'),
    ])
    expect(table.find('put', '/a/1')).to.deep.equal({ kind: 'method', allow: ['GET', 'HEAD', 'POST'] })
    expect(table.find(undefined, '/b')).to.deep.equal({ kind: 'method', allow: ['DELETE'] })
  })
})
