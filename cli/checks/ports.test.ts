import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'
import { expect } from 'chai'
import { createDeployment } from '../deployment/create-deployment.js'
import type { Deployment } from '../deployment/deployment.js'
import { findFreePort, portState } from '../deployment/free-port.js'
import { isListenedOn } from '../deployment/port-holder.js'
import { type PublishedPort, publishedPorts } from '../deployment/published-ports.js'
import { checkConfig, type DeploymentConfig, type DeploymentConfigInput } from '../deployment/schema.js'
import { temporaryFolder } from '../testing/temporary-folder.js'
import type { CheckContext } from './check.js'
import { judgeOverlap, judgePublisher, mergeFindings, ports } from './ports.js'

describe('doctor’s check of ports', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let deployment: Deployment
  before(async () => {
    folder = await temporaryFolder()
    deployment = await createDeployment(`${folder.path}/here`, { config: { name: 'here' } })
  })
  after(() => folder.remove())

  it('knows every port that a deployment takes', () => {
    const of = (parts: Partial<DeploymentConfigInput>) =>
      publishedPorts(config(parts)).map(({ host, port, protocol }) => `${host}:${port}/${protocol}`)
    const domain = { domain: 'api.shop.example' }
    expect(of({ proxy: domain })).to.deep.equal(['127.0.0.1:8000/tcp'])
    expect(of({ runtime: 'compose' })).to.deep.equal(['127.0.0.1:8000/tcp'])
    expect(
      of({ runtime: 'compose', proxy: domain, monitoring: { prometheus: true, grafana: true } }),
    ).to.deep.equal([
      '127.0.0.1:8000/tcp',
      '0.0.0.0:80/tcp',
      '0.0.0.0:443/tcp',
      '0.0.0.0:443/udp',
      '127.0.0.1:9090/tcp',
      '127.0.0.1:3000/tcp',
    ])
  })

  it('finds two settings that ask for one port', () => {
    const parts = { runtime: 'compose', port: 80, proxy: { domain: 'api.shop.example' } } as const
    const finding = judgeOverlap(publishedPorts(config(parts)))
    expect(finding).to.include({ level: 'fail', detail: 'port and proxy.http_port are both 80' })
    expect(finding?.remedy).to.include('vetrai config set proxy.http_port 81')
    const elsewhere = { ...parts, proxy: { ...parts.proxy, host: '192.0.2.1' } }
    expect(judgeOverlap(publishedPorts(config(elsewhere)))).to.equal(undefined)
  })

  it('tells containers of the deployment from those of others', () => {
    const wanted = published(443)
    const container = (name: string, isOwn: boolean, port: PublishedPort) => ({
      name,
      isOwn,
      published: [port],
    })
    expect(judgePublisher(wanted, [container('ours', true, wanted)])?.level).to.equal('ok')
    const foreign = judgePublisher(wanted, [container('traefik', false, { ...wanted, host: '0.0.0.0' })])
    expect(foreign).to.include({ level: 'fail', detail: '443 is held by the container traefik' })
    expect(foreign?.remedy).to.include('docker stop traefik').and.include('proxy.https_port 8443')
    expect(judgePublisher(wanted, [container('dns', false, { ...wanted, protocol: 'udp' })])).to.equal(
      undefined,
    )
    expect(judgePublisher(wanted, [container('web', false, published(80))])).to.equal(undefined)
  })

  it('shows all that is in the way at once, with each remedy', () => {
    const merged = mergeFindings([
      { level: 'ok', detail: '80 is free' },
      { level: 'fail', detail: '443 is held', remedy: 'a' },
      { level: 'fail', detail: '3000 is held', remedy: 'b' },
    ])
    expect(merged).to.deep.equal({ level: 'fail', detail: '443 is held; 3000 is held', remedy: 'a; b' })
    expect(mergeFindings([{ level: 'ok', detail: '80 is free' }])).to.deep.equal({
      level: 'ok',
      detail: '80 is free',
    })
  })

  it('looks at TCP and UDP, and knows addresses that are not here', async () => {
    const socket = createSocket('udp4')
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
    const { port } = socket.address()
    expect(await portState(port, '127.0.0.1', 'udp')).to.equal('taken')
    expect(await portState(port, '127.0.0.1', 'tcp')).to.equal('free')
    await new Promise<void>((resolve) => socket.close(resolve))
    expect(await portState(port, '127.0.0.1', 'udp')).to.equal('free')
    expect(await portState(port, '192.0.2.1')).to.equal('foreign')

    await deployment.setMany({ host: '192.0.2.1', port })
    const finding = await look()
    expect(finding).to.include({
      level: 'fail',
      remedy: 'Name an address of this host: vetrai config set host 127.0.0.1',
    })
    await deployment.set('host', '127.0.0.1')
  })

  it('names the setting that chooses another port', async () => {
    const server = createServer()
    const port = await findFreePort()
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    await deployment.set('port', port)
    expect(await isListenedOn(port)).to.equal(true)
    expect((await look())?.remedy).to.include(`vetrai config set port ${port + 1}`)
    await new Promise((resolve) => server.close(resolve))
    expect(await isListenedOn(port)).to.equal(false)
    expect((await look())?.level).to.equal('ok')
  })

  function look() {
    return ports.run({ stage: 'doctor', deployment, status: undefined } as unknown as CheckContext)
  }
})

function config(parts: Partial<DeploymentConfigInput>): DeploymentConfig {
  const checked = checkConfig({ name: 'x', operator: { email: 'a@b.example' }, ...parts })
  if (!checked.ok) throw new Error(JSON.stringify(checked.problems))
  return checked.config
}

function published(port: number): PublishedPort {
  return { host: '0.0.0.0', port, protocol: 'tcp', setting: 'proxy.https_port' }
}
