import { setTimeout as sleep } from 'node:timers/promises'
import { CliError } from '../../../deployment/errors.js'
import { reasonOf } from '../../readiness.js'
import { ignoreMissing } from '../engine.js'
import { execIn } from './run-one-off.js'
import type { VersionProject } from './version-project.js'

const PAUSE_MS = 250
/** Answers with the body of /readyz, and with exit code 0 where the server is ready. */
const ASK = `fetch('http://127.0.0.1:8000/readyz').then(async (r) => { console.log(await r.text()); process.exit(r.ok ? 0 : 1) },
  (e) => { console.log(JSON.stringify({ detail: e.cause?.code ?? e.message })); process.exit(2) })`

/**
 * Starts one server of a version beside those that serve, out of reach of requests, and waits until it is ready. Returns its
 * container, which goes on. CliError `upgrade_not_ready` with its last words where it does not become ready; it is gone then.
 */
export async function startTrial(project: VersionProject, withinS: number): Promise<string> {
  const { docker } = project.engine
  const { stdout } = await project.compose([
    'run',
    '--detach',
    '--no-deps',
    '-e',
    'VETRAI_ROLES=api',
    'server',
  ])
  const container = stdout.trim().split('\n').at(-1) ?? ''
  let last = ''
  for (const deadline = Date.now() + withinS * 1_000; Date.now() < deadline; await sleep(PAUSE_MS)) {
    const { State: state } = await docker.getContainer(container).inspect()
    if (!state.Running || state.Restarting) {
      last = `it ended with exit code ${state.ExitCode}`
      break
    }
    const { code, output } = await execIn(docker, container, ['node', '-e', ASK])
    if (code === 0) return container
    last = reasonOf(output) || last
  }
  const words = await lastWords(project, container)
  await docker.getContainer(container).remove({ force: true }).catch(ignoreMissing)
  throw new CliError({
    code: 'upgrade_not_ready',
    message: `The new server does not become ready within ${withinS} s: ${last}${words && `. Its last words:\n${words}`}`,
    next: 'Tell the makers of that version, with these words; nothing of it is in use.',
  })
}

/** Lets a server that is ready take requests as well, while the one in service is made anew. */
export async function letServe(project: VersionProject, container: string): Promise<void> {
  const { docker } = project.engine
  const { NetworkSettings: settings } = await docker.getContainer(container).inspect()
  const front = Object.keys(settings.Networks).find((name) => name.endsWith('_front'))
  if (front === undefined) return
  const network = docker.getNetwork(front)
  await network.disconnect({ Container: container })
  await network.connect({ Container: container, EndpointConfig: { Aliases: ['server'] } })
}

/** Ends a server that stood in, once what it answers is answered. */
export async function endTrial(project: VersionProject, container: string): Promise<void> {
  const one = project.engine.docker.getContainer(container)
  await one.stop({ t: 30 }).catch(() => undefined)
  await one.remove({ force: true }).catch(ignoreMissing)
}

async function lastWords({ engine }: VersionProject, container: string): Promise<string> {
  const logs = await engine.docker
    .getContainer(container)
    .logs({ stdout: true, stderr: true, tail: 6, follow: false })
    .catch(() => Buffer.from(''))
  // Each line of the engine's answer begins with eight bytes of its own.
  return (
    logs
      .toString('utf8')
      .split('\n')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out.
      .map((line) => line.replace(/^[\u0000-\u0002]\u0000{3}[\s\S]{4}/, '').trim())
      .filter(Boolean)
      .join('\n')
  )
}
