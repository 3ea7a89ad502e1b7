import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import type { DeploymentStatus } from '../../cli/operations/read-status.js'
import { ACCESS_KEY, BUCKET } from '../../cli/runtimes/compose/generated-files.js'
import { type RunningStory, tellDeployment } from '../../cli/testing/deployment-story.js'
import { tellDiagnosis } from '../../cli/testing/diagnosis-story.js'
import { runVetrai } from '../../cli/testing/run-vetrai.js'
import { tellShells } from '../../cli/testing/shell-story.js'
import { createS3ObjectStore } from '../../server/storage/object-store/s3-driver.js'
import { initAppliance, ok, secretsOf, uniqueName, vetraiIn } from './deployment.js'
import { containersOf, docker, idsOf, serviceOf } from './docker.js'
import { engineEnv } from './engine.js'

const NAME = uniqueName('life')
const PROJECT = `vetrai-${NAME}`

tellDeployment('an appliance, from nothing to nothing', {
  runtime: 'compose',
  env: engineEnv,
  init: async (dir) => {
    await initAppliance(vetraiIn(dir), NAME)
    await ok(vetraiIn(dir)('config', 'set', 'proxy.max_body_mb', '1'))
  },
  killed: ['server', 'redis', 'postgres', 'object-store', 'proxy'],
  // Not in suites of their own: mocha would run those after the end of the story.
  more: (running) => {
    containersHold(running)
    linksHold(running)
    changesHold(running)
    restartsHold(running)
    tellDiagnosis(running)
    const run = (stdin: string, ...argv: string[]) => {
      const [command = '', target = '', ...rest] = argv
      return runVetrai([command, target, '--dir', running.dir(), ...rest], { stdin, env: engineEnv() })
    }
    tellShells(running, { run, hasPsql: true })
  },
})

function containersHold({ dir }: RunningStory): void {
  it('has containers that are healthy, bounded and nobody’s root', async () => {
    const all = await containersOf(PROJECT)
    expect(all.map(serviceOf).sort()).to.deep.equal(['object-store', 'postgres', 'proxy', 'redis', 'server'])
    for (const one of all) {
      const { HostConfig: host, State: state, Config: config } = one
      const service = serviceOf(one)
      expect(state.Health?.Status, service).to.equal('healthy')
      expect(await uidsOf(state.Pid), service).to.not.include(0)
      expect(config.User, service).to.match(/^[1-9]\d*:[1-9]\d*$/)
      expect(host.ReadonlyRootfs, service).to.equal(true)
      expect(host.CapDrop, service).to.deep.equal(['ALL'])
      expect(host.CapAdd ?? [], service).to.have.members(service === 'proxy' ? ['NET_BIND_SERVICE'] : [])
      expect(host.SecurityOpt, service).to.include('no-new-privileges:true')
      expect(host.Memory, service).to.be.greaterThan(0)
      expect(host.Init, service).to.equal(true)
      expect(host.LogConfig, service).to.deep.equal({
        Type: 'json-file',
        Config: { 'max-size': '10m', 'max-file': '5' },
      })
    }
  })

  it('publishes a port of the proxy on loopback, and nothing else', async () => {
    const published = (await containersOf(PROJECT)).flatMap((one) =>
      Object.values(one.NetworkSettings.Ports).flatMap((ports) =>
        (ports ?? []).map(({ HostIp }) => `${serviceOf(one)} ${HostIp}`),
      ),
    )
    expect(published).to.deep.equal(['proxy 127.0.0.1'])
  })

  it('shows no secret to whoever inspects its containers, their processes or its files', async () => {
    const all = await containersOf(PROJECT)
    const images = await docker('image', 'inspect', ...new Set(all.map(({ Image }) => Image)))
    const history = await docker(
      'history',
      '--no-trunc',
      all.find((one) => serviceOf(one) === 'server')?.Image ?? '',
    )
    const shown = [
      JSON.stringify(all),
      images,
      history,
      await readFile(join(dir(), 'compose.yaml'), 'utf8'),
      await docker(
        'volume',
        'inspect',
        ...(await docker('volume', 'ls', '--quiet', '--filter', `name=${PROJECT}`)).split('\n'),
      ),
      ...(await Promise.all(all.map(({ Id }) => processesOf(Id)))),
    ].join('\n')
    expect(shown).to.include('/run/secrets/database-app-password')
    for (const [name, value] of Object.entries(await secretsOf(dir()))) {
      expect(shown.includes(value), `the secret ${name} is shown`).to.equal(false)
    }
  })
}

function linksHold({ dir, url }: RunningStory): void {
  it('passes signed links of the object store through the proxy, up to its limit of bodies, and nothing else', async () => {
    const secretKey = (await secretsOf(dir()))['object-store-secret-key'] ?? ''
    const store = createS3ObjectStore({
      ...{ endpoint: url(), region: 'us-east-1', bucket: BUCKET, accessKey: ACCESS_KEY, secretKey },
    })
    const upload = async (body: string) => {
      const about = { expiresInS: 60, contentType: 'text/plain', contentLength: body.length }
      const link = await store.presignPut('story/a.txt', about)
      return fetch(link.url, { method: 'PUT', body, headers: { 'content-type': 'text/plain' } })
    }
    expect((await upload('hello')).status).to.equal(200)
    const link = await store.presignGet('story/a.txt', { expiresInS: 60 })
    expect(await (await fetch(link.url)).text()).to.equal('hello')
    expect((await fetch(link.url.replace('a.txt', 'b.txt'))).status).to.equal(403)
    // Without a signature the API answers, which has nothing there.
    expect((await fetch(`${url()}/${BUCKET}/story/a.txt`)).status).to.equal(404)
    expect((await upload('x'.repeat(1_500_000))).status).to.equal(413)
  })
}

function changesHold({ json, vetrai, key, acme, url }: RunningStory): void {
  it('touches no container where nothing changed', async () => {
    const before = await idsOf(PROJECT)
    expect((await ok(vetrai('up', '--plan', '--json'))).json()).to.deep.equal({ changes: [] })
    expect(await json('up')).to.include({ changed: false })
    expect(await idsOf(PROJECT)).to.deep.equal(before)
  })

  it('makes the server anew for a setting of the server, and nothing else', async () => {
    const before = await idsOf(PROJECT)
    await ok(vetrai('config', 'set', 'settings.RATE_LIMIT_FACTOR', '2'))
    expect((await ok(vetrai('up', '--plan', '--json'))).json()).to.deep.equal({
      changes: [{ component: 'server', action: 'recreate', reasons: ['settings RATE_LIMIT_FACTOR'] }],
    })
    const drifted = (await vetrai('status', '--json')).json<DeploymentStatus>()
    expect(drifted.drift?.map(({ component }) => component)).to.deep.equal(['server'])
    expect(await json('up')).to.include({ changed: true })
    const { server, ...others } = await idsOf(PROJECT)
    const { server: earlier, ...same } = before
    expect(server).to.not.equal(earlier)
    expect(others).to.deep.equal(same)
    const answer = await fetch(`${url()}/tenancy/v1/tenants/${acme().id}`, {
      headers: { authorization: `Bearer ${key()}` },
    })
    expect(answer.status).to.equal(200)
  })
}

function restartsHold({ dir, url, acme, vetrai, status }: RunningStory): void {
  it('drops no request while its server is restarted', async () => {
    const token = (await secretsOf(dir()))['operator-token'] ?? ''
    const headers = {
      authorization: `Bearer ${token}`,
      'x-tenant': String(acme().slug),
      'content-type': 'application/json',
    }
    const answers: (number | string)[] = []
    let isOver = false
    const caller = async (who: number) => {
      for (let n = 0; !isOver; n++) {
        const body = JSON.stringify({ external_id: `restart-${who}-${n}` })
        const answer = await fetch(`${url()}/notifications/v1/subscribers`, { method: 'PUT', headers, body })
        answers.push(answer.ok ? 200 : `${answer.status} ${await answer.text()}`)
      }
    }
    const callers = Promise.all([1, 2, 3].map(caller))
    await ok(vetrai('restart', 'server'))
    const after = answers.length
    while (answers.length < after + 20) await sleep(20)
    isOver = true
    await callers
    expect(answers.filter((answer) => answer !== 200)).to.deep.equal([])
  })

  it('has the proxy answer for a server that stays away: browsers a page, programs a problem', async () => {
    const server = (await containersOf(PROJECT)).find((one) => serviceOf(one) === 'server')
    await docker('stop', '--time', '10', server?.Id ?? '')
    const [page, problem] = await Promise.all([
      fetch(`${url()}/account/sessions`, { headers: { accept: 'text/html,*/*;q=0.8' } }),
      fetch(`${url()}/tenancy/v1/tenants`, { method: 'POST', body: '{}' }),
    ])
    expect([page.status, page.headers.get('retry-after')]).to.deep.equal([503, '15'])
    expect(page.headers.get('content-type')).to.equal('text/html; charset=utf-8')
    expect(await page.text())
      .to.include('Back soon')
      .and.include(NAME)
    expect([problem.status, problem.headers.get('retry-after')]).to.deep.equal([503, '15'])
    expect(problem.headers.get('content-type')).to.equal('application/problem+json')
    expect(await problem.json()).to.include({ status: 503, code: 'proxy.server_away' })
    await ok(vetrai('up'))
    expect(await status()).to.include({ ready: true, maintenance: null })
  })
}

/** User ids of a process and of all below it, as the host sees them. */
async function uidsOf(pid: number): Promise<number[]> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const own = (/^Uid:\s+(.*)$/m.exec(status)?.[1] ?? '').split(/\s+/).map(Number)
  const children = await readdir(`/proc/${pid}/task`).then((tasks) =>
    Promise.all(tasks.map((task) => readFile(`/proc/${pid}/task/${task}/children`, 'utf8').catch(() => ''))),
  )
  const below = await Promise.all(
    children
      .join(' ')
      .split(/\s+/)
      .filter(Boolean)
      .map((child) => uidsOf(Number(child)).catch(() => [])),
  )
  return [...own, ...below.flat()]
}

/** Arguments and environment of every process of a container. */
async function processesOf(id: string): Promise<string> {
  const top = await docker('top', id, '-eo', 'pid')
  const pids = top
    .split('\n')
    .slice(1)
    .map((line) => line.trim())
  const parts = await Promise.all(
    pids.flatMap((pid) =>
      ['cmdline', 'environ'].map((file) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')),
    ),
  )
  return parts.join('\n').replaceAll('\0', '\n')
}
