import type { DeploymentStatus } from '../operations/read-status.js'
import type { ComponentState, ComponentStatus } from '../runtimes/runtime.js'
import { fields } from './fields.js'
import { bytes, duration } from './format.js'
import type { Paint } from './paint.js'
import { table } from './table.js'
import type { View } from './view.js'

/** One deployment: where it is, whether it is ready, and a line for each component. */
export const statusView: View<DeploymentStatus> = (status, paint) => {
  const { disk } = status
  const head = fields(
    [
      ['deployment', `${paint.bold(status.name)} (${status.runtime}, ${status.version})`],
      ['url', status.url],
      ['ready', status.ready ? paint.green('yes') : paint.red('no')],
      ['directory', status.dir],
      ['disk', diskText(disk)],
    ],
    paint,
  )
  return `${head}\n\n${componentTable(status.components, paint)}`
}

function diskText({ used_bytes, free_bytes, total_bytes }: DeploymentStatus['disk']): string {
  const free = `${bytes(free_bytes)} of ${bytes(total_bytes)} free`
  return used_bytes === null ? free : `${bytes(used_bytes)} of data, ${free}`
}

/** The components as a table; a last error stands below its component. */
export function componentTable(components: readonly ComponentStatus[], paint: Paint): string {
  const [head = '', ...lines] = table(
    components,
    [
      { heading: 'COMPONENT', cell: ({ name }) => name },
      { heading: 'STATE', cell: ({ state }) => stateText(state, paint) },
      { heading: 'VERSION', cell: ({ version }) => version ?? '–' },
      { heading: 'PID', cell: ({ pid }) => String(pid ?? '–'), align: 'right' },
      { heading: 'UPTIME', cell: ({ uptime_s }) => duration(uptime_s), align: 'right' },
      { heading: 'MEMORY', cell: ({ memory_bytes }) => bytes(memory_bytes), align: 'right' },
    ],
    paint,
  ).split('\n')
  const withErrors = lines.flatMap((line, at) => {
    const error = components[at]?.last_error
    return error ? [line, `  ${paint.dim('└ last error:')} ${error}`] : [line]
  })
  return [head, ...withErrors].join('\n')
}

function stateText(state: ComponentState, paint: Paint): string {
  if (state === 'running') return paint.green(state)
  if (state === 'starting') return paint.yellow(state)
  return state === 'failed' ? paint.red(state) : paint.dim(state)
}
