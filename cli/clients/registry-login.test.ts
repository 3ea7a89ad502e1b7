import { chmod, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { expect } from 'chai'
import { temporaryFolder } from '../testing/temporary-folder.js'
import { registryLogin, registryOf } from './registry-login.js'

const HUB = 'https://index.docker.io/v1/'

describe('the login for a registry', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let before: NodeJS.ProcessEnv

  beforeEach(async () => {
    folder = await temporaryFolder()
    before = { ...process.env }
    process.env.DOCKER_CONFIG = folder.path
  })
  afterEach(async () => {
    process.env = before
    await folder.remove()
  })

  it('belongs to the host in front of an image, else to Docker Hub', () => {
    expect(registryOf('registry.example.com/team/app:1')).to.equal('registry.example.com')
    expect(registryOf('127.0.0.1:5000/app')).to.equal('127.0.0.1:5000')
    expect(registryOf('localhost/app')).to.equal('localhost')
    for (const image of ['caddy:2', 'valkey/valkey:8', 'docker.io/library/caddy', 'caddy:2@sha256:00']) {
      expect(registryOf(image), image).to.equal(HUB)
    }
  })

  it('is none where nobody signed in, or there is no file, or a damaged one', async () => {
    expect(await registryLogin('caddy:2')).to.equal(undefined)
    await config({ auths: { 'other.example.com': { auth: base64('u:p') } } })
    expect(await registryLogin('registry.example.com/app')).to.equal(undefined)
    await writeFile(join(folder.path, 'config.json'), '{')
    expect(await registryLogin('caddy:2')).to.equal(undefined)
  })

  it('is the name and password that docker login noted, colons and all', async () => {
    await config({
      auths: { 'registry.example.com': { auth: base64('ops:a:b') }, [HUB]: { auth: base64('h:p') } },
    })
    expect(await registryLogin('registry.example.com/app:1')).to.deep.equal({
      serveraddress: 'registry.example.com',
      username: 'ops',
      password: 'a:b',
    })
    expect(await registryLogin('caddy:2')).to.include({ serveraddress: HUB, username: 'h' })
  })

  it('comes from a helper, which is told the registry on its standard input only', async () => {
    await helper(`read server; printf '{"Username":"%s","Secret":"%s"}' "$server" "$#:$1"`)
    await config({ credHelpers: { 'registry.example.com': 'test' } })
    expect(await registryLogin('registry.example.com/app')).to.deep.equal({
      serveraddress: 'registry.example.com',
      username: 'registry.example.com',
      password: '1:get',
    })
    expect(await registryLogin('caddy:2')).to.equal(undefined)
  })

  it('may be a token of a helper', async () => {
    await helper(`printf '{"Username":"<token>","Secret":"t"}'`)
    await config({ credsStore: 'test' })
    expect(await registryLogin('caddy:2')).to.deep.equal({ serveraddress: HUB, identitytoken: 't' })
  })

  it('is none where the helper knows none, or is missing', async () => {
    await helper('echo credentials not found >&2; exit 1')
    await config({ credsStore: 'test' })
    expect(await registryLogin('caddy:2')).to.equal(undefined)
    await config({ credsStore: 'missing' })
    expect(await registryLogin('caddy:2')).to.equal(undefined)
  })

  function config(content: object): Promise<void> {
    return writeFile(join(folder.path, 'config.json'), JSON.stringify(content))
  }

  async function helper(script: string): Promise<void> {
    const path = join(folder.path, 'docker-credential-test')
    await writeFile(path, `#!/bin/sh\n${script}\n`)
    await chmod(path, 0o755)
    process.env.PATH = `${folder.path}${delimiter}${before.PATH}`
  }
})

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}
