import type { DeploymentStatus } from '../operations/read-status.js'
import type { ComponentState, ComponentStatus } from '../runtimes/runtime.js'
import { fields } from './fields.js'
import { bytes, duration, time } from './format.js'
import type { Paint } from './paint.js'
import { type Column, table } from './table.js'
import type { View } from './view.js'

/** One deployment: where it is, whether it is ready, and a line for each component. */
export const statusView: View<DeploymentStatus> = (status, paint) => {
  const { disk } = status
  const head = fields(
    [
      ['deployment', `${paint.bold(status.name)} (${status.runtime}, ${status.version})`],
      ['url', status.url],
      ['ready', status.ready ? paint.green('yes') : paint.red('no')],
      ['maintenance', maintenanceText(status, paint)],
      ['directory', status.dir],
      ['disk', diskText(disk)],
    ],
    paint,
  )
  const drift = status.drift.length > 0 ? [driftText(status.drift, paint)] : []
  return [head, componentTable(status.components, paint), ...drift].join('\n\n')
}

function maintenanceText({ maintenance }: DeploymentStatus, paint: Paint): string | null {
  return maintenance && paint.yellow(`on since ${time(maintenance.since)} UTC: ${maintenance.message}`)
}

function driftText(drift: DeploymentStatus['drift'], paint: Paint): string {
  return [
    paint.yellow('What runs is not what the files say:'),
    ...drift.map(({ component, detail }) => `  ${component}  ${paint.dim(detail)}`),
    `${paint.cyan('→')} Bring them together: vetrai up`,
  ].join('\n')
}

function diskText({ used_bytes, free_bytes, total_bytes }: DeploymentStatus['disk']): string {
  const free = `${bytes(free_bytes)} of ${bytes(total_bytes)} free`
  return used_bytes === null ? free : `${bytes(used_bytes)} of data, ${free}`
}

type ComponentColumn = Column<ComponentStatus> & { optional?: true }

const optional = (heading: string, cell: (component: ComponentStatus) => string): ComponentColumn => ({
  ...{ heading, cell },
  optional: true,
})

function columns(paint: Paint): ComponentColumn[] {
  return [
    { heading: 'COMPONENT', cell: ({ name }) => name },
    { heading: 'STATE', cell: ({ state }) => stateText(state, paint) },
    optional('HEALTH', ({ health }) => health ?? '–'),
    { heading: 'VERSION', cell: ({ version }) => version ?? '–' },
    { heading: 'PID', cell: ({ pid }) => String(pid ?? '–'), align: 'right' },
    { heading: 'UPTIME', cell: ({ uptime_s }) => duration(uptime_s), align: 'right' },
    { ...optional('CPU', ({ cpu_percent }) => percent(cpu_percent)), align: 'right' },
    { heading: 'MEMORY', cell: ({ memory_bytes }) => bytes(memory_bytes), align: 'right' },
    { ...optional('LIMIT', ({ memory_limit_bytes }) => bytes(memory_limit_bytes ?? null)), align: 'right' },
    optional('PORTS', ({ ports }) => ports?.join(', ') || '–'),
    optional('IMAGE', ({ image }) => image ?? '–'),
  ]
}

/** The components as a table, with the columns that some of them fill; a last error stands below its component. */
export function componentTable(components: readonly ComponentStatus[], paint: Paint): string {
  const shown = columns(paint).filter(
    ({ optional, cell }) => !optional || components.some((component) => cell(component) !== '–'),
  )
  const [head = '', ...lines] = table(components, shown, paint).split('\n')
  const withErrors = lines.flatMap((line, at) => {
    const error = components[at]?.last_error
    return error ? [line, `  ${paint.dim('└ last error:')} ${error}`] : [line]
  })
  return [head, ...withErrors].join('\n')
}

function percent(value: number | undefined): string {
  return value === undefined ? '–' : `${value.toFixed(1)} %`
}

function stateText(state: ComponentState, paint: Paint): string {
  if (state === 'running') return paint.green(state)
  if (state === 'starting') return paint.yellow(state)
  return state === 'failed' ? paint.red(state) : paint.dim(state)
}
