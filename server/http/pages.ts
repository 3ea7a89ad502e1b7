import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import type { Express, NextFunction, Request, Response } from 'express'
import { canonicalAddress } from '../kernel/addresses.js'
import { kernelErrors } from '../kernel/errors.js'
import { newRequestId } from '../kernel/ids.js'
import type { Resources } from '../kernel/resources.js'
import { sameText } from '../kernel/secrets.js'
import { readiness } from '../observability/health.js'
import { VERSION } from '../version.js'
import { mountAccountPages } from './account-pages.js'
import { authenticate, credentialOf } from './authenticate.js'
import { givenRequestId, securityHeaders } from './headers.js'
import { renderFailure } from './maintenance.js'
import { mountObjectLinks } from './object-links.js'
import { openapiDocument } from './openapi.js'
import { toAppError } from './problem.js'

const DOCS_CSP =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; frame-ancestors 'none'"

/** Everything that is no route record: health and metrics, with `api` also the API document and pages, and the last 404. */
export function mountPages(
  app: Express,
  resources: Resources,
  state: { draining: boolean },
  { api }: { api: boolean },
): void {
  app.disable('x-powered-by')
  app.disable('etag')
  const security = { ...securityHeaders(resources.config), 'Cache-Control': 'no-store' }
  app.use((request: Request, response: Response, next: NextFunction) => {
    const id = givenRequestId(request.headers) ?? newRequestId()
    response.locals.id = id
    response.set({ ...security, 'X-Request-Id': id })
    next()
  })
  mountHealth(app, resources, state)
  app.use((_request: Request, _response: Response, next: NextFunction) => {
    const { current } = resources.maintenance
    if (current) throw new kernelErrors.Maintenance(current)
    next()
  })
  if (api) {
    mountDocuments(app, resources)
    mountObjectLinks(app, resources)
    mountAccountPages(app, resources)
  }
  app.use(() => {
    throw new kernelErrors.NotFound()
  })
  app.use((thrown: unknown, request: Request, response: Response, _next: NextFunction) => {
    const error = toAppError(thrown, resources.log)
    const about = { id: String(response.locals.id), path: request.path, request }
    const answer = renderFailure(error, about, 'problem', resources.config.VETRAI_NAME)
    response.status(answer.status).set(answer.headers).end(answer.body)
  })
}

function mountHealth(app: Express, resources: Resources, state: { draining: boolean }): void {
  app.get('/healthz', (_request, response) => {
    response.json({ ok: true, version: VERSION })
  })
  app.get('/readyz', async (_request, response) => {
    const report = await readiness(resources)
    const ready = report.ready && !state.draining
    response.status(ready ? 200 : 503).json({
      ...report,
      ready,
      maintenance: resources.maintenance.isOn,
      ...(state.draining ? { draining: true } : {}),
    })
  })
  for (const service of resources.assembly.services) {
    app.get(`${service.prefix}/health`, async (_request, response) => {
      const report = await readiness(resources)
      const own = report.checks[`service:${service.name}`] ?? { ok: false }
      response.status(own.ok && report.ready ? 200 : 503).json({ service: service.name, ...own })
    })
  }
  app.get('/metrics', async (request, response) => {
    await allowMetrics(resources, request)
    response
      .set('Content-Type', resources.metrics.registry.contentType)
      .end(await resources.metrics.registry.metrics())
  })
}

/** Metrics are for the operator, for who holds their token, and for a scraper on the same host that came through no proxy. */
async function allowMetrics(resources: Resources, request: Request): Promise<void> {
  const peer = canonicalAddress(request.socket.remoteAddress ?? '')
  const direct = request.headers['x-forwarded-for'] === undefined && request.headers.forwarded === undefined
  if (direct && (peer.startsWith('127.') || peer === '::1')) return
  const credential = credentialOf(request)
  const token = resources.config.METRICS_TOKEN
  if (token !== undefined && credential !== null && sameText(credential, token)) return
  const principal = credential ? await authenticate(resources, credential, { ip: peer }) : null
  if (!principal) throw new kernelErrors.Unauthenticated({ reason: 'Metrics are for the operator.' })
  // No scope stands for metrics, so a credential that scopes narrow does not have them.
  const isWhole = principal.roles.includes('super_admin') && principal.scopes === null
  if (!isWhole) throw new kernelErrors.Forbidden({ permission: 'metrics' })
}

function mountDocuments(app: Express, resources: Resources): void {
  const { assembly, config } = resources
  const url = config.VETRAI_PUBLIC_URL ?? '/'
  const documents = new Map<string, string>()
  const document = (service?: string) => {
    const key = service ?? ''
    const known = documents.get(key)
    if (known) return known
    const text = JSON.stringify(openapiDocument(assembly, url, service))
    documents.set(key, text)
    return text
  }
  const send = (response: Response, text: string) => response.type('application/json').end(text)
  const page = (response: Response) =>
    response.set({ 'Content-Security-Policy': DOCS_CSP }).type('text/html').end(DOCS_PAGE)

  app.get('/openapi.json', (_request, response) => send(response, document()))
  app.get('/docs', (_request, response) => page(response))
  for (const { name, prefix } of assembly.services) {
    app.get(`${prefix}/openapi.json`, (_request, response) => send(response, document(name)))
    app.get(`${prefix}/docs`, (_request, response) => page(response))
  }
  app.get('/docs/assets/start.js', (_request, response) => {
    response.type('text/javascript').end(DOCS_SCRIPT)
  })
  const assets = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'))
  app.get('/docs/assets/:file', (request, response) => {
    const file = request.params.file
    if (!DOCS_ASSETS.has(file)) throw new kernelErrors.NotFound()
    response.set('Cache-Control', 'public, max-age=3600').type(file.split('.').at(-1) ?? '')
    response.end(readFileSync(`${assets}/${file}`))
  })
}

const DOCS_ASSETS = new Set(['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png'])

const DOCS_PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>VetrAI API</title>
<link rel="icon" href="/docs/assets/favicon-32x32.png">
<link rel="stylesheet" href="/docs/assets/swagger-ui.css">
</head>
<body>
<div id="docs"></div>
<noscript>The document itself is at <a href="/openapi.json">/openapi.json</a>.</noscript>
<script src="/docs/assets/swagger-ui-bundle.js"></script>
<script src="/docs/assets/start.js"></script>
</body>
</html>
`

const DOCS_SCRIPT = `SwaggerUIBundle({
  url: location.pathname.replace(/\\/?docs\\/?$/, '') + '/openapi.json',
  dom_id: '#docs',
  deepLinking: true,
  displayRequestDuration: true,
  persistAuthorization: false,
  tryItOutEnabled: true,
  defaultModelsExpandDepth: 0,
})
`
