import { spawnSync } from 'node:child_process'
import { engineEnv } from './appliance/engine.js'

/** Prometheus's own checker: runs with files of one folder, which it sees under the same path. */
export type Promtool = (folder: string, args: string[]) => { code: number | null; output: string }

const IMAGE = 'vetrai-test/prometheus'

/** The promtool of this host, else that of the image for tests; undefined where there is neither. */
export function findPromtool(): Promtool | undefined {
  if (succeeds('promtool', ['--version'])) return (_folder, args) => run('promtool', args)
  if (!succeeds('docker', ['image', 'inspect', IMAGE])) return undefined
  return (folder, args) =>
    run('docker', [
      ...['run', '--rm', '--network', 'none', '--user', '0', '--volume', `${folder}:${folder}:ro`],
      ...['--entrypoint', 'promtool', IMAGE, ...args],
    ])
}

function succeeds(program: string, args: string[]): boolean {
  return spawnSync(program, args, { env: env(), stdio: 'ignore', timeout: 10_000 }).status === 0
}

function run(program: string, args: string[]): { code: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(program, args, {
    env: env(),
    encoding: 'utf8',
    timeout: 60_000,
  })
  return { code: status, output: `${stdout}${stderr}` }
}

function env(): NodeJS.ProcessEnv {
  return { ...process.env, ...engineEnv() }
}
