import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { compose, composeArgs, withoutControls } from '../../clients/compose.js'
import { dockerEnv } from '../../clients/docker.js'
import type { Deployment } from '../../deployment/deployment.js'
import { CliError } from '../../deployment/errors.js'
import { projectName } from './names.js'
import { componentNames } from './status.js'

interface Line {
  component: string
  line: string
}

/**
 * Lines of containers, oldest first, by the times that the engine gave them. With `follow` new lines come as they are
 * written, until the caller stops.
 */
export async function* readLogs(
  deployment: Deployment,
  { component, follow, lines }: { component?: string; follow: boolean; lines: number },
): AsyncIterable<Line> {
  const names = await componentNames(deployment)
  if (component !== undefined && !names.includes(component)) throw unknownComponent(component, names)
  const project = { name: projectName(deployment), dir: deployment.dir, files: [] }
  const args = ['logs', '--no-color', '--timestamps', '--tail', String(lines)]
  const services = component === undefined ? [] : [component.replace(/^worker-\d+$/, 'worker')]
  const isWanted = ({ component: name }: Line) => component === undefined || name === component
  if (!follow) {
    const { stdout } = await compose(project, [...args, ...services])
    const all = stdout.split('\n').flatMap(parseLine)
    const sorted = all.filter(isWanted).sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
    for (const { component: name, line } of sorted.slice(lines === 0 ? sorted.length : -lines)) {
      yield { component: name, line }
    }
    return
  }
  const child = spawn('docker', composeArgs(project, [...args, '--follow', ...services]), {
    env: await dockerEnv(),
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  try {
    for await (const text of createInterface({ input: child.stdout })) {
      for (const line of parseLine(text)) {
        if (isWanted(line)) yield { component: line.component, line: line.line }
      }
    }
  } finally {
    child.kill()
  }
}

/** `server-1  | 2026-11-25T10:00:00.000000000Z text`: Compose numbers every container; only workers are more than one. */
export function parseLine(text: string): (Line & { at: string })[] {
  const [, name, number, at, line] = /^([\w-]+?)-(\d+) +\| (\S+Z) ?(.*)$/.exec(withoutControls(text)) ?? []
  if (name === undefined || at === undefined) return []
  return [{ component: name === 'worker' ? `worker-${number}` : name, line: line ?? '', at }]
}

/** The CliError for a component that the deployment does not have. */
export function unknownComponent(component: string, names: string[]): CliError {
  return new CliError({
    code: 'component_unknown',
    message: `There is no component "${component}" in this deployment.`,
    next: `Name one of: ${names.join(', ')}.`,
    exitCode: 2,
  })
}
