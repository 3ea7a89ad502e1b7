import { z } from 'zod'
import { can, defineRoute, unaudited } from '../../../kernel/define-route.js'
import { jsonValue, listOf, noContent } from '../../../kernel/schema.js'
import { readCatalogue } from '../workflows/catalogue.js'
import { workflowErrors as errors } from '../workflows/errors.js'
import { graphDocument } from '../workflows/graph/schema.js'
import { listSecrets } from '../workflows/models/secret.js'
import { checkInTenant } from '../workflows/operations/check-template.js'
import { deleteSecret, storeSecret } from '../workflows/operations/manage-secrets.js'
import {
  createTemplate,
  deleteTemplate,
  listTemplates,
  readTemplate,
  updateTemplate,
} from '../workflows/operations/manage-templates.js'
import {
  diffVersion,
  drawTemplate,
  listVersions,
  publishTemplate,
  readVersion,
} from '../workflows/operations/publish-template.js'
import { presentSecret, presentTemplate, presentVersion } from '../workflows/present.js'
import {
  catalogueView,
  createTemplateBody,
  diffQuery,
  diffView,
  drawingView,
  drawQuery,
  listOfRunQuery,
  listTemplatesQuery,
  publishBody,
  putSecretBody,
  secretParams,
  secretView,
  templateParams,
  templateView,
  updateTemplateBody,
  validateBody,
  verdictView,
  versionParams,
  versionView,
} from '../workflows/schemas.js'

const reading = unaudited('reading changes nothing')
const mayRead = can('workers.workflows.read')
const mayManage = can('workers.workflows.manage')

const createTemplateRoute = defineRoute({
  id: 'createWorkflowTemplate',
  method: 'post',
  path: '/workflow-templates',
  summary: 'Make a workflow template',
  description: 'The draft need not be sound; publishing is what checks it.',
  access: mayManage,
  limit: 'write',
  audit: { action: 'workflow-template.created', target: 'result.id' },
  input: { body: createTemplateBody },
  output: templateView,
  status: 201,
  location: ({ id }) => `/workers/v1/workflow-templates/${id}`,
  errors: [errors.NameTaken, errors.UnknownOrigin, errors.TooManyTemplates],
  handler: async (ctx, { body }) => presentTemplate(await createTemplate(ctx, body)),
})

const listTemplatesRoute = defineRoute({
  id: 'listWorkflowTemplates',
  method: 'get',
  path: '/workflow-templates',
  summary: 'List workflow templates',
  access: mayRead,
  limit: 'read',
  audit: reading,
  input: { query: listTemplatesQuery },
  output: listOf(templateView),
  handler: (ctx, { query }) => listTemplates(ctx, query),
})

const catalogueRoute = defineRoute({
  id: 'listWorkflowCatalogue',
  method: 'get',
  path: '/workflow-templates/catalogue',
  summary: 'List the workflows that come with VetrAI',
  description: 'Begin with one by its name: `POST /workers/v1/workflow-templates` with `from`.',
  access: mayRead,
  limit: 'read',
  audit: reading,
  transaction: 'manual',
  input: {},
  output: catalogueView,
  handler: async () => ({ data: await readCatalogue() }),
})

const schemaRoute = defineRoute({
  id: 'getWorkflowSchema',
  method: 'get',
  path: '/workflow-templates/schema',
  summary: 'JSON Schema of a workflow graph',
  description:
    'For editors. Publishing checks more: how the nodes hang together, and what expressions refer to.',
  access: mayRead,
  limit: 'read',
  audit: reading,
  transaction: 'manual',
  input: {},
  output: z.record(z.string(), jsonValue),
  handler: () =>
    z.toJSONSchema(graphDocument, { io: 'input', unrepresentable: 'any' }) as Record<
      string,
      z.input<typeof jsonValue>
    >,
})

const getTemplateRoute = defineRoute({
  id: 'getWorkflowTemplate',
  method: 'get',
  path: '/workflow-templates/:templateId',
  summary: 'Read a workflow template',
  access: mayRead,
  limit: 'read',
  audit: reading,
  etag: true,
  input: { params: templateParams },
  output: templateView,
  errors: [errors.TemplateNotFound],
  handler: async (ctx, { params }) => presentTemplate(await readTemplate(ctx, params.templateId)),
})

const updateTemplateRoute = defineRoute({
  id: 'updateWorkflowTemplate',
  method: 'patch',
  path: '/workflow-templates/:templateId',
  summary: 'Change a workflow template',
  description: 'Changes the fields given. Published versions and their runs stay as they are.',
  access: mayManage,
  limit: 'write',
  audit: { action: 'workflow-template.updated', target: 'params.templateId' },
  input: { params: templateParams, body: updateTemplateBody },
  output: templateView,
  errors: [errors.TemplateNotFound, errors.NameTaken],
  handler: async (ctx, { params, body }) =>
    presentTemplate(await updateTemplate(ctx, params.templateId, body)),
})

const deleteTemplateRoute = defineRoute({
  id: 'deleteWorkflowTemplate',
  method: 'delete',
  path: '/workflow-templates/:templateId',
  summary: 'Delete a workflow template and its versions',
  description: 'Its runs stay readable. While one of them is under way, nothing is deleted.',
  access: mayManage,
  limit: 'write',
  audit: { action: 'workflow-template.deleted', target: 'params.templateId' },
  input: { params: templateParams },
  output: noContent,
  status: 204,
  errors: [errors.TemplateNotFound, errors.TemplateInUse],
  handler: async (ctx, { params }) => {
    await deleteTemplate(ctx, params.templateId)
    return undefined
  },
})

const validateRoute = defineRoute({
  id: 'validateWorkflowTemplate',
  method: 'post',
  path: '/workflow-templates/:templateId/validate',
  summary: 'Check a draft without publishing it',
  description: 'Answers everything that is wrong with it at once, each with a pointer into the graph.',
  access: mayRead,
  limit: 'write',
  audit: unaudited('checking changes nothing'),
  input: { params: templateParams, body: validateBody.prefault({}) },
  output: verdictView,
  errors: [errors.TemplateNotFound],
  handler: async (ctx, { params, body }) => {
    const { draft } = await readTemplate(ctx, params.templateId)
    const checked = await checkInTenant(ctx, body.graph ?? draft)
    const [bound, depth] = 'graph' in checked ? [checked.stepBound, checked.depth] : [null, null]
    return { valid: 'graph' in checked, problems: checked.problems, step_bound: bound, depth }
  },
})

const publishRoute = defineRoute({
  id: 'publishWorkflowTemplate',
  method: 'post',
  path: '/workflow-templates/:templateId/publish',
  summary: 'Publish the draft, or an old version again',
  description:
    'Versions never change; runs that name none get the newest. A workflow may do what its publisher may.',
  access: mayManage,
  limit: 'write',
  audit: { action: 'workflow-template.published', target: 'params.templateId' },
  input: { params: templateParams, body: publishBody.prefault({}) },
  output: versionView,
  status: 201,
  location: ({ template_id, version }) => `/workers/v1/workflow-templates/${template_id}/versions/${version}`,
  errors: [errors.TemplateNotFound, errors.VersionNotFound, errors.NotSound],
  handler: async (ctx, { params, body }) =>
    presentVersion(await publishTemplate(ctx, params.templateId, body)),
})

const drawRoute = defineRoute({
  id: 'drawWorkflowTemplate',
  method: 'get',
  path: '/workflow-templates/:templateId/graph',
  summary: 'A picture of a workflow, as Mermaid text',
  access: mayRead,
  limit: 'read',
  audit: reading,
  input: { params: templateParams, query: drawQuery },
  output: drawingView,
  errors: [errors.TemplateNotFound, errors.VersionNotFound, errors.NotDrawable],
  handler: async (ctx, { params, query }) => ({
    mermaid: await drawTemplate(ctx, params.templateId, query.version),
  }),
})

const listVersionsRoute = defineRoute({
  id: 'listWorkflowVersions',
  method: 'get',
  path: '/workflow-templates/:templateId/versions',
  summary: 'List the published versions of a workflow',
  access: mayRead,
  limit: 'read',
  audit: reading,
  input: { params: templateParams, query: listOfRunQuery },
  output: listOf(versionView),
  errors: [errors.TemplateNotFound],
  handler: (ctx, { params, query }) => listVersions(ctx, params.templateId, query),
})

const getVersionRoute = defineRoute({
  id: 'getWorkflowVersion',
  method: 'get',
  path: '/workflow-templates/:templateId/versions/:version',
  summary: 'Read a published version of a workflow',
  access: mayRead,
  limit: 'read',
  audit: reading,
  input: { params: versionParams },
  output: versionView,
  errors: [errors.TemplateNotFound, errors.VersionNotFound],
  handler: async (ctx, { params }) =>
    presentVersion(await readVersion(ctx, params.templateId, params.version)),
})

const diffRoute = defineRoute({
  id: 'diffWorkflowVersion',
  method: 'get',
  path: '/workflow-templates/:templateId/versions/:version/diff',
  summary: 'What a version changed',
  access: mayRead,
  limit: 'read',
  audit: reading,
  input: { params: versionParams, query: diffQuery },
  output: diffView,
  errors: [errors.TemplateNotFound, errors.VersionNotFound],
  handler: async (ctx, { params, query }) => {
    const { from, to, differences } = await diffVersion(ctx, params.templateId, params.version, query.against)
    return {
      from_version: from,
      to_version: to,
      differences: differences as z.input<typeof diffView>['differences'],
    }
  },
})

const listSecretsRoute = defineRoute({
  id: 'listWorkflowSecrets',
  method: 'get',
  path: '/workflow-secrets',
  summary: 'List the secrets of workflows, without their values',
  access: mayRead,
  limit: 'read',
  audit: reading,
  input: {},
  output: z.strictObject({ data: z.array(secretView) }),
  handler: async (ctx) => ({ data: (await listSecrets(ctx)).map(presentSecret) }),
})

const putSecretRoute = defineRoute({
  id: 'putWorkflowSecret',
  method: 'put',
  path: '/workflow-secrets/:secretName',
  summary: 'Store a secret for workflows',
  description:
    'Headers and query of HTTP nodes refer to it as `{{ secrets.NAME }}`. It is sent to its own hosts only, is in no log and no record of a run, and cannot be read again.',
  access: mayManage,
  limit: 'write',
  audit: { action: 'workflow-secret.stored', target: 'params.secretName' },
  input: { params: secretParams, body: putSecretBody },
  output: secretView,
  errors: [errors.TooManySecrets],
  handler: async (ctx, { params, body }) => presentSecret(await storeSecret(ctx, params.secretName, body)),
})

const deleteSecretRoute = defineRoute({
  id: 'deleteWorkflowSecret',
  method: 'delete',
  path: '/workflow-secrets/:secretName',
  summary: 'Delete a secret of workflows',
  description: 'Steps that refer to it fail from now on.',
  access: mayManage,
  limit: 'write',
  audit: { action: 'workflow-secret.deleted', target: 'params.secretName' },
  input: { params: secretParams },
  output: noContent,
  status: 204,
  errors: [errors.SecretNotFound],
  handler: async (ctx, { params }) => {
    await deleteSecret(ctx, params.secretName)
    return undefined
  },
})

/** In URL order. */
export const workflowTemplateRoutes = [
  createTemplateRoute,
  listTemplatesRoute,
  catalogueRoute,
  schemaRoute,
  getTemplateRoute,
  updateTemplateRoute,
  deleteTemplateRoute,
  validateRoute,
  publishRoute,
  drawRoute,
  listVersionsRoute,
  getVersionRoute,
  diffRoute,
  listSecretsRoute,
  putSecretRoute,
  deleteSecretRoute,
]
