import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { ImageName } from '../../cli/deployment/schema.js'

const SCRIPT = fileURLToPath(new URL('../../../test/appliance/engine/engine.sh', import.meta.url))
const IMAGES = process.env.VETRAI_TEST_IMAGES ?? 'vetrai-test'
const AUTHORITIES = '/etc/ssl/certs/ca-certificates.crt'

let known: Record<string, string> | undefined

/**
 * Environment for programs that these tests start: this process's own, with the engine named (DOCKER_HOST, DOCKER_CONFIG),
 * with Node's stand-in as the base of the server's image and with the authorities that the host trusts, which may be more
 * than Node brings.
 */
export function engineEnv(): NodeJS.ProcessEnv {
  known ??= {
    ...exportsOf(execFileSync('bash', [SCRIPT, 'env'], { encoding: 'utf8' })),
    VETRAI_NODE_IMAGE: standIn('node'),
    ...(existsSync(AUTHORITIES) && { NODE_EXTRA_CA_CERTS: AUTHORITIES }),
  }
  return { ...process.env, ...known }
}

/** Process of the engine that the tests started themselves; undefined where it does not run, or is the host's own. */
export function enginePid(): number | undefined {
  const { DOCKER_HOST: host = '' } = engineEnv()
  const pidFile = host.replace(/^unix:\/\//, '').replace(/docker\.sock$/, 'dockerd.pid')
  if (!existsSync(pidFile)) return undefined
  const pid = readFileSync(pidFile, 'utf8').trim()
  const name = existsSync(`/proc/${pid}/comm`) ? readFileSync(`/proc/${pid}/comm`, 'utf8').trim() : ''
  return name === 'dockerd' ? Number(pid) : undefined
}

/** Starts the tests' engine where it does not run. */
export function startEngine(): void {
  execFileSync('bash', [SCRIPT, 'up'], { env: engineEnv(), stdio: 'ignore' })
}

/** `images` of vetrai.yml for a deployment out of stand-ins: every image but the server's and Grafana's. */
export function imageOverrides() {
  return {
    postgres: standIn('postgres'),
    redis: standIn('valkey'),
    'object-store': standIn('silo'),
    proxy: standIn('caddy'),
    prometheus: standIn('prometheus'),
    'postgres-exporter': standIn('postgres-exporter'),
    'redis-exporter': standIn('redis-exporter'),
  } satisfies Partial<Record<ImageName, string>>
}

/** The image that images.sh builds by a name of images/names. */
function standIn(name: string): string {
  return `${IMAGES}/${name}`
}

function exportsOf(script: string): Record<string, string> {
  return Object.fromEntries(
    [...script.matchAll(/^export (\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]),
  )
}
