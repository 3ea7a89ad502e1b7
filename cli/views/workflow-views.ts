import type {
  CatalogueEntry,
  WorkflowEvent,
  WorkflowRun,
  WorkflowSecret,
  WorkflowStep,
  WorkflowTemplate,
  WorkflowVerdict,
  WorkflowVersion,
  WorkflowWait,
} from '../clients/workflow-resources.js'
import { doneView } from './done-view.js'
import { fields } from './fields.js'
import { count, time } from './format.js'
import { pageView } from './page-view.js'
import type { Paint } from './paint.js'
import { table } from './table.js'
import type { View } from './view.js'

/** Workflows as a table. */
export const workflowsView = pageView<WorkflowTemplate>(
  [
    { heading: 'NAME', cell: ({ name }) => name },
    { heading: 'VERSION', cell: ({ published_version }) => String(published_version ?? '–'), align: 'right' },
    { heading: 'CHANGED', cell: ({ updated_at }) => time(updated_at) },
    { heading: 'DESCRIPTION', cell: ({ description }) => cut(description, 60) || '–' },
  ],
  'This tenant has no workflow. See `vetrai workflows catalogue` for some to begin with.',
)

/** A workflow that was made or changed. */
export const workflowView: View<WorkflowTemplate> = (workflow, paint) =>
  fields(
    [
      ['name', paint.bold(workflow.name)],
      ['id', workflow.id],
      ['description', workflow.description],
      ['from', workflow.origin],
      [
        'published',
        workflow.published_version === null ? 'not yet' : `version ${workflow.published_version}`,
      ],
      ['changed', time(workflow.updated_at)],
    ],
    paint,
  )

/** Workflows that come with VetrAI. */
export const catalogueView: View<{ data: CatalogueEntry[] }> = ({ data }, paint) =>
  data
    .map(({ name, title, description, needs }) =>
      [
        `${paint.bold(name)}  ${title}`,
        `  ${description}`,
        paint.dim(needs.length === 0 ? '  needs nothing' : `  needs ${needs.join(', ')}`),
      ].join('\n'),
    )
    .join('\n\n')

/** What checking found: nothing, or each problem with its place. */
export const verdictView: View<WorkflowVerdict> = ({ valid, problems, step_bound }, paint) =>
  valid
    ? `${paint.green('✓')} Nothing is wrong with it; a run takes ${count(step_bound ?? 0, 'step')} at most.`
    : [
        `${paint.red('✗')} ${count(problems.length, 'thing is', 'things are')} wrong with it:`,
        ...problems.map(({ pointer, message }) => `  ${paint.bold(pointer || '/')}  ${message}`),
      ].join('\n')

export const publishedView: View<WorkflowVersion> = doneView(({ version, restored_from }) =>
  restored_from === null
    ? `Published as version ${version}.`
    : `Published version ${restored_from} again, as version ${version}.`,
)

/** Versions as a table. */
export const versionsView = pageView<WorkflowVersion>(
  [
    { heading: 'VERSION', cell: ({ version }) => String(version), align: 'right' },
    { heading: 'PUBLISHED', cell: ({ created_at }) => time(created_at) },
    { heading: 'BY', cell: ({ published_by }) => published_by },
    { heading: 'REPEATS', cell: ({ restored_from }) => String(restored_from ?? '–'), align: 'right' },
    { heading: 'NOTE', cell: ({ note }) => note ?? '–' },
  ],
  'Nothing of it was published yet: vetrai workflows publish',
)

/** A picture, as the text that Mermaid draws. */
export const drawingView: View<{ mermaid: string }> = ({ mermaid }) => mermaid

/** Runs as a table. */
export const runsView = pageView<WorkflowRun>(
  [
    { heading: 'CREATED', cell: ({ created_at }) => time(created_at) },
    { heading: 'WORKFLOW', cell: ({ template, version }) => `${template} ${version}` },
    { heading: 'STATUS', cell: ({ status }) => status },
    { heading: 'STEPS', cell: ({ usage }) => String(usage.steps), align: 'right' },
    {
      heading: 'ERROR',
      cell: ({ error }) => (error ? cut(`${error.code} at ${error.step ?? 'the end'}`, 50) : '–'),
    },
    { heading: 'ID', cell: ({ id }) => id },
  ],
  'There are no such runs.',
)

/** One run, with what it waits for and how to go on. */
export const runView: View<WorkflowRun> = (run, paint) =>
  [
    fields(
      [
        ['workflow', `${paint.bold(run.template)} version ${run.version}`],
        ['id', run.id],
        ['status', statusText(run.status, paint)],
        ['error', run.error ? errorText(run.error) : null],
        [
          'output',
          run.output === null || run.output === undefined ? null : JSON.stringify(run.output, null, 2),
        ],
        ['used', usageText(run.usage)],
        ['created', time(run.created_at)],
        ['finished', run.finished_at ? time(run.finished_at) : null],
      ],
      paint,
    ),
    ...run.waiting_for.map((wait) => waitText(run.id, wait, paint)),
  ].join('\n\n')

function usageText({ steps, tokens }: WorkflowRun['usage']): string {
  return [count(steps, 'step'), tokens > 0 ? count(tokens, 'token') : ''].filter(Boolean).join(', ')
}

function waitText(runId: string, wait: WorkflowWait, paint: Paint): string {
  if (wait.kind !== 'approval')
    return paint.dim(
      `${wait.step} waits for a ${wait.kind}${wait.until ? ` until ${time(wait.until)}` : ''}.`,
    )
  return [
    `${paint.yellow('?')} ${paint.bold(wait.title ?? wait.step)}`,
    ...(wait.message ? [wait.message] : []),
    paint.dim(`Answer: vetrai workflows resume ${runId} --answer '{"approved":true}'`),
  ].join('\n')
}

/** Steps as a table, in the order in which they were begun. */
export const stepsView: View<{ data: WorkflowStep[] }> = ({ data }, paint) =>
  data.length === 0
    ? paint.dim('It has not begun yet.')
    : table(
        data,
        [
          {
            heading: 'STEP',
            cell: ({ step, iteration }) => (iteration === '' ? step : `${step} [${iteration}]`),
          },
          { heading: 'TYPE', cell: ({ type }) => type },
          { heading: 'STATUS', cell: ({ status }) => statusText(status, paint) },
          { heading: 'ATTEMPTS', cell: ({ attempts }) => String(attempts), align: 'right' },
          {
            heading: 'TOOK',
            cell: ({ duration_ms }) => (duration_ms === null ? '–' : `${duration_ms} ms`),
            align: 'right',
          },
          { heading: 'TOKENS', cell: ({ tokens }) => (tokens === 0 ? '–' : String(tokens)), align: 'right' },
          { heading: 'ERROR', cell: ({ error }) => (error ? cut(error.message, 60) : '–') },
        ],
        paint,
      )

/** One event of a run in a line. */
export function runEventText(
  { type, step, iteration, data }: WorkflowEvent,
  runId: string,
  paint: Paint,
): string {
  const what = step === null ? type.replace('run.', '') : `${step}${iteration ? ` [${iteration}]` : ''}`
  if (type === 'step.waiting' && data.kind === 'approval')
    return `${paint.yellow('?')} ${what} waits for a person: vetrai workflows status ${runId}`
  if (type === 'step.waiting')
    return `${paint.dim('…')} ${what} waits${data.until ? ` until ${time(String(data.until))}` : ''}`
  if (type === 'step.succeeded' || type === 'run.succeeded') return `${paint.green('✓')} ${what}`
  if (type === 'step.failed' || type === 'run.failed')
    return `${paint.red('✗')} ${what}: ${String(data.message ?? '')}`
  return `${paint.dim('·')} ${what}${step === null ? '' : ` ${type.replace('step.', '')}`}`
}

/** Secrets as a table; never a value. */
export const secretsView: View<{ data: WorkflowSecret[] }> = ({ data }, paint) =>
  data.length === 0
    ? paint.dim('There are none. Store one: vetrai workflows secret NAME --hosts api.example.com')
    : table(
        data,
        [
          { heading: 'NAME', cell: ({ name }) => name },
          { heading: 'HOSTS', cell: ({ hosts }) => hosts.join(', ') },
          { heading: 'CHANGED', cell: ({ updated_at }) => time(updated_at) },
        ],
        paint,
      )

export const secretView: View<WorkflowSecret> = doneView(
  ({ name, hosts }) => `Stored ${name}, for ${hosts.join(', ')}. HTTP nodes write {{secrets.${name}}}.`,
)

function errorText({ code, message, step }: NonNullable<WorkflowRun['error']>): string {
  return `${message} (${code}${step ? ` at ${step}` : ''})`
}

function statusText(status: string, paint: Paint): string {
  if (status === 'succeeded') return paint.green(status)
  if (status === 'failed') return paint.red(status)
  return status === 'waiting' ? paint.yellow(status) : status
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text
}
