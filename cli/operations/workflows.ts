import type { Api, Page } from '../clients/api.js'
import type {
  CatalogueEntry,
  WorkflowEvent,
  WorkflowRun,
  WorkflowSecret,
  WorkflowStep,
  WorkflowTemplate,
  WorkflowVerdict,
  WorkflowVersion,
} from '../clients/workflow-resources.js'
import { CliError } from '../deployment/errors.js'
import { collectPages, type PageRequest } from './collect-pages.js'

const TEMPLATES = '/workers/v1/workflow-templates'
const RUNS = '/workers/v1/workflow-runs'
const SECRETS = '/workers/v1/workflow-secrets'
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const templatePath = (id: string) => `${TEMPLATES}/${encodeURIComponent(id)}`
const runPath = (id: string) => `${RUNS}/${encodeURIComponent(id)}`

/** What a new workflow begins with: a graph, or one of the catalogue. */
export interface NewWorkflow {
  name: string
  description?: string
  graph?: object
  from?: string
}

export function listWorkflows(api: Api, page: PageRequest): Promise<Page<WorkflowTemplate>> {
  return collectPages<WorkflowTemplate>(api, TEMPLATES, page)
}

export function readCatalogue(api: Api): Promise<{ data: CatalogueEntry[] }> {
  return api.get(`${TEMPLATES}/catalogue`)
}

export function createWorkflow(api: Api, workflow: NewWorkflow): Promise<WorkflowTemplate> {
  return api.post(TEMPLATES, workflow)
}

/** One workflow by its id or its name. */
export async function findWorkflow(api: Api, idOrName: string): Promise<WorkflowTemplate> {
  if (UUID.test(idOrName)) return api.get(templatePath(idOrName))
  const { data } = await api.get<Page<WorkflowTemplate>>(TEMPLATES, { name: idOrName })
  const [workflow] = data
  if (workflow) return workflow
  throw new CliError({
    code: 'workflow_not_found',
    message: `No workflow is named ${idOrName}.`,
    next: 'See `vetrai workflows templates`.',
  })
}

export async function updateWorkflow(
  api: Api,
  idOrName: string,
  changes: { name?: string; description?: string; graph?: object },
): Promise<WorkflowTemplate> {
  const { id } = await findWorkflow(api, idOrName)
  return api.patch(templatePath(id), changes)
}

export async function deleteWorkflow(api: Api, { id, name }: WorkflowTemplate) {
  await api.delete(templatePath(id))
  return { id, name, deleted: true }
}

/** Everything that is wrong with the draft, or with another graph in its place. */
export async function validateWorkflow(api: Api, idOrName: string, graph?: object): Promise<WorkflowVerdict> {
  const { id } = await findWorkflow(api, idOrName)
  return api.post(`${templatePath(id)}/validate`, graph === undefined ? {} : { graph })
}

export async function publishWorkflow(
  api: Api,
  idOrName: string,
  what: { note?: string; from_version?: number },
): Promise<WorkflowVersion> {
  const { id } = await findWorkflow(api, idOrName)
  return api.post(`${templatePath(id)}/publish`, what)
}

export async function listVersions(
  api: Api,
  idOrName: string,
  page: PageRequest,
): Promise<Page<WorkflowVersion>> {
  const { id } = await findWorkflow(api, idOrName)
  return collectPages<WorkflowVersion>(api, `${templatePath(id)}/versions`, page)
}

/** The graph as Mermaid text. */
export async function drawWorkflow(
  api: Api,
  idOrName: string,
  version: number | undefined,
): Promise<{ mermaid: string }> {
  const { id } = await findWorkflow(api, idOrName)
  return api.get(`${templatePath(id)}/graph`, { version })
}

export function startRun(
  api: Api,
  run: { template: string; version?: number; input?: object },
): Promise<WorkflowRun> {
  return api.post(RUNS, run)
}

export async function listRuns(
  api: Api,
  page: PageRequest,
  filter: { workflow?: string; status?: string },
): Promise<Page<WorkflowRun>> {
  const template = filter.workflow === undefined ? undefined : await findWorkflow(api, filter.workflow)
  return collectPages<WorkflowRun>(api, RUNS, page, { status: filter.status, template_id: template?.id })
}

export function getRun(api: Api, id: string): Promise<WorkflowRun> {
  return api.get(runPath(id))
}

export function cancelRun(api: Api, id: string): Promise<WorkflowRun> {
  return api.post(`${runPath(id)}/cancel`)
}

export function resumeRun(
  api: Api,
  id: string,
  answer: { wait_id?: string; answer: object },
): Promise<WorkflowRun> {
  return api.post(`${runPath(id)}/resume`, answer)
}

export function replayRun(
  api: Api,
  id: string,
  from: { checkpoint_id?: string; version?: number; input?: object; steps?: object },
): Promise<WorkflowRun> {
  return api.post(`${runPath(id)}/replay`, from)
}

/** The steps of a run in the order in which they were begun. */
export async function listSteps(api: Api, id: string): Promise<{ data: WorkflowStep[] }> {
  const page = { limit: 200, all: true }
  const { data } = await collectPages<WorkflowStep>(api, `${runPath(id)}/steps`, page)
  return { data: data.reverse() }
}

/** Follows a run until it is over; tells each event and answers what the run is in the end. */
export async function waitForRun(
  api: Api,
  id: string,
  onEvent: (event: WorkflowEvent) => void,
): Promise<WorkflowRun> {
  for await (const { data } of api.follow(`${runPath(id)}/events`)) onEvent(data as WorkflowEvent)
  return getRun(api, id)
}

export function listSecrets(api: Api): Promise<{ data: WorkflowSecret[] }> {
  return api.get(SECRETS)
}

export function putSecret(
  api: Api,
  name: string,
  secret: { value: string; hosts: string[] },
): Promise<WorkflowSecret> {
  return api.put(`${SECRETS}/${encodeURIComponent(name)}`, secret)
}

export async function removeSecret(api: Api, name: string) {
  await api.delete(`${SECRETS}/${encodeURIComponent(name)}`)
  return { name, deleted: true }
}
