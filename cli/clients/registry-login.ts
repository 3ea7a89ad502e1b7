import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** What the engine hands to a registry. */
export interface RegistryLogin {
  username?: string
  password?: string
  identitytoken?: string
  serveraddress: string
}

interface DockerConfig {
  auths?: Record<string, { auth?: string; identitytoken?: string }>
  credsStore?: string
  credHelpers?: Record<string, string>
}

const HUB = 'https://index.docker.io/v1/'

/**
 * The login that `docker login` keeps for the registry of an image, in its file or in the helper that the file names;
 * undefined where nobody has signed in. The engine asks its client for it with every pull.
 */
export async function registryLogin(image: string): Promise<RegistryLogin | undefined> {
  const config = await dockerConfig()
  const server = registryOf(image)
  const helper = config.credHelpers?.[server] ?? config.credsStore
  if (helper) return loginOfHelper(helper, server)
  const { auth, identitytoken } = config.auths?.[server] ?? {}
  if (!auth) return undefined
  const [username = '', ...password] = Buffer.from(auth, 'base64').toString('utf8').split(':')
  return {
    serveraddress: server,
    ...(identitytoken ? { identitytoken } : { username, password: password.join(':') }),
  }
}

/** `host[:port]` in front of an image's name, as Docker tells it from a folder; Docker Hub where there is none. */
export function registryOf(image: string): string {
  const [first = '', ...rest] = image.split('/')
  const isHost = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost')
  return isHost && first !== 'docker.io' && first !== 'index.docker.io' ? first : HUB
}

async function dockerConfig(): Promise<DockerConfig> {
  const folder = process.env.DOCKER_CONFIG || join(homedir(), '.docker')
  try {
    return (JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')) ?? {}) as DockerConfig
  } catch {
    return {}
  }
}

/** A helper reads the server from its standard input and answers with JSON; it fails where it knows none. */
async function loginOfHelper(helper: string, server: string): Promise<RegistryLogin | undefined> {
  const answer = await new Promise<string>((resolve) => {
    const child = spawn(`docker-credential-${helper}`, ['get'], { stdio: ['pipe', 'pipe', 'ignore'] })
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
    child.once('error', () => resolve(''))
    child.once('close', (code) => resolve(code === 0 ? output : ''))
    child.stdin.on('error', () => undefined)
    child.stdin.end(server)
  })
  if (answer === '') return undefined
  const { Username: username, Secret: secret } = JSON.parse(answer) as { Username: string; Secret: string }
  return {
    serveraddress: server,
    ...(username === '<token>' ? { identitytoken: secret } : { username, password: secret }),
  }
}
