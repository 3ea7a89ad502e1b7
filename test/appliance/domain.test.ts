import { readFile } from 'node:fs/promises'
import { request as plain } from 'node:http'
import { type RequestOptions, request as secure } from 'node:https'
import { join } from 'node:path'
import { expect } from 'chai'
import { findFreePort } from '../../cli/deployment/free-port.js'
import { until } from '../until.js'
import { initAppliance, ok, useAppliance } from './deployment.js'
import { containersOf, docker, serviceOf } from './docker.js'

const DOMAIN = 'vetrai.localhost'

/** With a domain, workers of their own and monitoring: everything that the first story leaves out. */
describe('an appliance with a domain', function () {
  this.timeout(300_000)
  const { name, project, dir, vetrai } = useAppliance('domain')
  let httpPort: number
  let httpsPort: number
  let authority: string
  let prometheusPort: number

  before(async () => {
    ;[httpPort, httpsPort, prometheusPort] = [
      await findFreePort(),
      await findFreePort(),
      await findFreePort(),
    ]
    await initAppliance(vetrai, name, [
      ...['--domain', DOMAIN, '--certificates', 'internal', '--monitoring', '--no-grafana'],
      ...['--http-port', String(httpPort), '--https-port', String(httpsPort)],
    ])
    await ok(vetrai('config', 'set', 'workers.processes', '2'))
    await ok(vetrai('config', 'set', 'monitoring.prometheus_port', String(prometheusPort)))
    await ok(vetrai('up'))
    authority = await docker(
      'exec',
      proxy(await containersOf(project)),
      'cat',
      '/data/caddy/pki/authorities/local/root.crt',
    )
  })
  it('serves the API by HTTPS with a certificate that its authority vouches for', async () => {
    const { status, body } = await https('/readyz')
    expect(status).to.equal(200)
    expect(JSON.parse(body)).to.include({ ready: true })
  })

  it('names the domain as its address, in links and in the API document', async () => {
    const document = JSON.parse((await https('/openapi.json')).body) as { servers?: { url: string }[] }
    expect(document.servers?.map(({ url }) => url)).to.deep.equal([`https://${DOMAIN}:${httpsPort}`])
  })

  it('sends those who come by HTTP to HTTPS', async () => {
    const answer = await send(plain, { port: httpPort, path: '/readyz?a=1', headers: { host: DOMAIN } })
    expect(answer.status).to.equal(308)
    expect(answer.location).to.equal(`https://${DOMAIN}:${httpsPort}/readyz?a=1`)
  })

  it('runs jobs in workers of their own', async () => {
    const services = (await containersOf(project)).map(serviceOf)
    expect(services.filter((name) => name === 'worker')).to.have.length(2)
    await ok(vetrai('tenants', 'create', 'acme'))
    const created = await ok(
      vetrai(
        'workflows',
        'create',
        'hello',
        '--tenant',
        'acme',
        '--from',
        'first-steps',
        '--publish',
        '--json',
      ),
    )
    expect(created.json()).to.have.property('id')
    const run = await ok(
      vetrai('workflows', 'run', 'hello', '--tenant', 'acme', '--input', '{"ask":false}', '--wait', '--json'),
    )
    expect(run.json()).to.include({ status: 'succeeded' })
  })

  it('is scraped by Prometheus, every part of it', async () => {
    const wanted = ['postgres', 'redis', 'server', 'worker']
    await until(async () => {
      const up = await query('up')
      return wanted.every((job) => up.some(({ metric, value }) => metric.job === job && value[1] === '1'))
    }, 90_000)
    const each = [
      'up{job="worker"} == 1',
      'vetrai_http_request_duration_seconds_count',
      'pg_up == 1',
      'redis_up == 1',
    ]
    await until(async () => {
      const [workers = [], ...others] = await Promise.all(each.map(query))
      return workers.length === 2 && others.every((found) => found.length > 0)
    }, 90_000)
  })

  it('has Prometheus watch by rules that can all be computed', async () => {
    const rules = async () => {
      const { data } = (await (await fetch(`http://127.0.0.1:${prometheusPort}/api/v1/rules`)).json()) as {
        data: { groups: { rules: { name: string; health: string }[] }[] }
      }
      return data.groups.flatMap((group) => group.rules)
    }
    await until(async () => (await rules()).every(({ health }) => health !== 'unknown'), 90_000)
    expect((await rules()).length).to.be.greaterThan(10)
    expect((await rules()).filter(({ health }) => health !== 'ok')).to.deep.equal([])
  })

  it('keeps metrics from whoever has no token', async () => {
    expect((await https('/metrics')).status).to.be.oneOf([401, 403])
    const token = (await readFile(join(dir(), 'secrets', 'metrics-token'), 'utf8')).trim()
    expect((await https('/metrics', { authorization: `Bearer ${token}` })).status).to.equal(200)
  })

  async function query(expression: string) {
    const answer = await fetch(
      `http://127.0.0.1:${prometheusPort}/api/v1/query?query=${encodeURIComponent(expression)}`,
    )
    const { data } = (await answer.json()) as {
      data: { result: { metric: Record<string, string>; value: [number, string] }[] }
    }
    return data.result
  }

  /** Checks the certificate; the name leads to this host without any DNS. */
  function https(path: string, headers: Record<string, string> = {}) {
    return send(secure, {
      ...{ port: httpsPort, path, servername: DOMAIN, ca: authority },
      headers: { host: `${DOMAIN}:${httpsPort}`, ...headers },
    })
  }
})

function send(
  by: typeof secure,
  options: RequestOptions,
): Promise<{ status: number; body: string; location: string | undefined }> {
  return new Promise((resolve, reject) => {
    by({ host: '127.0.0.1', agent: false, ...options }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text
      })
      response.once('end', () =>
        resolve({ status: response.statusCode ?? 0, body, location: response.headers.location }),
      )
    })
      .once('error', reject)
      .end()
  })
}

function proxy(containers: Awaited<ReturnType<typeof containersOf>>): string {
  return containers.find((one) => serviceOf(one) === 'proxy')?.Id ?? ''
}
