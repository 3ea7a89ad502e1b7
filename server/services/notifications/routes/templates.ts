import { can, defineRoute, unaudited } from '../../../kernel/define-route.js'
import { kernelErrors } from '../../../kernel/errors.js'
import { listOf, noContent } from '../../../kernel/schema.js'
import { authErrors } from '../../auth/api.js'
import { templateErrors } from '../errors/templates.js'
import { createTemplate } from '../operations/create-template.js'
import { findTemplate } from '../operations/find-template.js'
import { listTemplates } from '../operations/list-templates.js'
import { listVersions } from '../operations/list-versions.js'
import { previewTemplate } from '../operations/preview-template.js'
import { publishTemplate } from '../operations/publish-template.js'
import { readVersion } from '../operations/read-version.js'
import { rollbackTemplate } from '../operations/rollback-template.js'
import { testTemplate } from '../operations/test-template.js'
import { readOwnTheme, setTheme } from '../operations/theme.js'
import { updateTemplate } from '../operations/update-template.js'
import { removeTemplate, unpublishTemplate } from '../operations/withdraw-template.js'
import { presentPreview, presentTemplateDetail, presentTheme, presentVersion } from '../present/templates.js'
import {
  createTemplateBody,
  listTemplatesQuery,
  listVersionsQuery,
  previewBody,
  previewView,
  publishBody,
  putThemeBody,
  rollbackBody,
  templateDetailView,
  templateParams,
  templateView,
  testedView,
  themeView,
  updateTemplateBody,
  versionDetailView,
  versionParams,
  versionView,
} from '../schemas/templates.js'

const READING = unaudited('reading changes nothing')
const COMPILED = [templateErrors.DraftInvalid, templateErrors.DraftMissing, kernelErrors.Unavailable]

const listTemplatesRoute = defineRoute({
  id: 'listNotificationTemplates',
  method: 'get',
  path: '/templates',
  summary: 'List notification templates',
  description: 'Those of this server, changed or not, and those of the organisation’s own, by key.',
  access: can('notifications.templates.read'),
  limit: 'read',
  audit: READING,
  input: { query: listTemplatesQuery },
  output: listOf(templateView),
  handler: (ctx, { query }) => listTemplates(ctx, query),
})

const createTemplateRoute = defineRoute({
  id: 'createNotificationTemplate',
  method: 'post',
  path: '/templates',
  summary: 'Make a template of your own',
  description: 'It can be sent once its draft is published.',
  access: can('notifications.templates.manage'),
  limit: 'write',
  audit: { action: 'notification_template.created', target: 'body.key' },
  input: { body: createTemplateBody },
  output: templateDetailView,
  status: 201,
  location: ({ key }) => `/notifications/v1/templates/${key}`,
  errors: [templateErrors.TemplateExists, templateErrors.TooManyTemplates],
  handler: async (ctx, { body }) => presentTemplateDetail(await createTemplate(ctx, body)),
})

const getTemplateRoute = defineRoute({
  id: 'getNotificationTemplate',
  method: 'get',
  path: '/templates/:templateKey',
  summary: 'Read a template with its variables and words',
  access: can('notifications.templates.read'),
  limit: 'read',
  audit: READING,
  input: { params: templateParams },
  output: templateDetailView,
  etag: true,
  errors: [templateErrors.TemplateUnknown],
  handler: async (ctx, { params }) => presentTemplateDetail(await findTemplate(ctx, params.templateKey)),
})

const updateTemplateRoute = defineRoute({
  id: 'updateNotificationTemplate',
  method: 'patch',
  path: '/templates/:templateKey',
  summary: 'Change the draft of a template',
  description: 'What is sent stays the same until the draft is published.',
  access: can('notifications.templates.manage'),
  limit: 'write',
  audit: { action: 'notification_template.updated', target: 'params.templateKey' },
  input: { params: templateParams, body: updateTemplateBody },
  output: templateDetailView,
  errors: [templateErrors.TemplateUnknown, templateErrors.TemplateFixed, templateErrors.MessageShipped],
  handler: async (ctx, { params, body }) =>
    presentTemplateDetail(await updateTemplate(ctx, params.templateKey, body)),
})

const removeTemplateRoute = defineRoute({
  id: 'removeNotificationTemplate',
  method: 'delete',
  path: '/templates/:templateKey',
  summary: 'Reset a template, or delete one of your own',
  description:
    'A message of this server is sent as shipped again and loses its draft; its versions stay and can be rolled back to. A template of your own is gone with all its versions.',
  access: can('notifications.templates.manage'),
  limit: 'write',
  audit: { action: 'notification_template.removed', target: 'params.templateKey' },
  input: { params: templateParams },
  output: noContent,
  status: 204,
  errors: [templateErrors.TemplateUnknown],
  handler: (ctx, { params }) => removeTemplate(ctx, params.templateKey).then(() => undefined),
})

const publishTemplateRoute = defineRoute({
  id: 'publishNotificationTemplate',
  method: 'post',
  path: '/templates/:templateKey/publish',
  summary: 'Publish the draft as a new version',
  description:
    'The whole draft is checked and compiled first. It is what is sent everywhere within a second.',
  access: can('notifications.templates.manage'),
  limit: 'write',
  audit: { action: 'notification_template.published', target: 'params.templateKey' },
  input: { params: templateParams, body: publishBody.prefault({}) },
  output: versionView,
  transaction: 'manual',
  errors: [
    ...[templateErrors.TemplateUnknown, templateErrors.TemplateFixed, templateErrors.DraftChanged],
    ...COMPILED,
  ],
  handler: async (ctx, { params, body }) => {
    const version = await publishTemplate(ctx, params.templateKey, body.note)
    return presentVersion(version, version.version)
  },
})

const unpublishTemplateRoute = defineRoute({
  id: 'unpublishNotificationTemplate',
  method: 'post',
  path: '/templates/:templateKey/unpublish',
  summary: 'Stop sending your own words',
  description:
    'A message of this server is sent as shipped again, a template of your own not at all. Draft and versions stay.',
  access: can('notifications.templates.manage'),
  limit: 'write',
  audit: { action: 'notification_template.unpublished', target: 'params.templateKey' },
  input: { params: templateParams },
  output: templateDetailView,
  errors: [templateErrors.TemplateUnknown],
  handler: async (ctx, { params }) => presentTemplateDetail(await unpublishTemplate(ctx, params.templateKey)),
})

const rollbackTemplateRoute = defineRoute({
  id: 'rollbackNotificationTemplate',
  method: 'post',
  path: '/templates/:templateKey/rollback',
  summary: 'Send an earlier version again',
  access: can('notifications.templates.manage'),
  limit: 'write',
  audit: { action: 'notification_template.rolled_back', target: 'params.templateKey' },
  input: { params: templateParams, body: rollbackBody },
  output: versionView,
  errors: [templateErrors.TemplateUnknown, templateErrors.TemplateFixed, templateErrors.VersionUnknown],
  handler: async (ctx, { params, body }) => {
    const version = await rollbackTemplate(ctx, params.templateKey, body.version)
    return presentVersion(version, version.version)
  },
})

const listVersionsRoute = defineRoute({
  id: 'listNotificationTemplateVersions',
  method: 'get',
  path: '/templates/:templateKey/versions',
  summary: 'List the versions of a template, newest first',
  access: can('notifications.templates.read'),
  limit: 'read',
  audit: READING,
  input: { params: templateParams, query: listVersionsQuery },
  output: listOf(versionView),
  errors: [templateErrors.TemplateUnknown],
  handler: (ctx, { params, query }) => listVersions(ctx, params.templateKey, query),
})

const getVersionRoute = defineRoute({
  id: 'getNotificationTemplateVersion',
  method: 'get',
  path: '/templates/:templateKey/versions/:versionId',
  summary: 'Read a version with its words',
  access: can('notifications.templates.read'),
  limit: 'read',
  audit: READING,
  input: { params: versionParams },
  output: versionDetailView,
  errors: [templateErrors.TemplateUnknown, templateErrors.VersionUnknown],
  handler: async (ctx, { params }) => {
    const { version, publishedVersion, content } = await readVersion(
      ctx,
      params.templateKey,
      params.versionId,
    )
    return { ...presentVersion(version, publishedVersion), content }
  },
})

const previewTemplateRoute = defineRoute({
  id: 'previewNotificationTemplate',
  method: 'post',
  path: '/templates/:templateKey/preview',
  summary: 'See what a template makes of data',
  description: 'On every channel that has words, with the theme; examples stand for what is left out.',
  access: can('notifications.templates.read'),
  limit: 'write',
  audit: unaudited('a preview sends and changes nothing'),
  input: { params: templateParams, body: previewBody.prefault({}) },
  output: previewView,
  transaction: 'manual',
  errors: [templateErrors.TemplateUnknown, templateErrors.TemplateData, ...COMPILED],
  handler: async (ctx, { params, body }) =>
    presentPreview(await previewTemplate(ctx, params.templateKey, body)),
})

const testTemplateRoute = defineRoute({
  id: 'testNotificationTemplate',
  method: 'post',
  path: '/templates/:templateKey/test',
  summary: 'Mail a preview to yourself',
  description: 'To the verified address of your own account, and nowhere else.',
  access: can('notifications.templates.manage'),
  limit: 'mail',
  audit: { action: 'notification_template.tested', target: 'params.templateKey' },
  input: { params: templateParams, body: previewBody.prefault({}) },
  output: testedView,
  transaction: 'manual',
  errors: [
    ...[templateErrors.TemplateUnknown, templateErrors.TemplateData, templateErrors.ChannelUnworded],
    ...[templateErrors.TestRefused, authErrors.EmailNotVerified, authErrors.NotWhileImpersonating],
    ...COMPILED,
  ],
  handler: (ctx, { params, body }) => testTemplate(ctx, params.templateKey, body),
})

const getThemeRoute = defineRoute({
  id: 'getNotificationTheme',
  method: 'get',
  path: '/theme',
  summary: 'Read how your messages look',
  access: can('notifications.templates.read'),
  limit: 'read',
  audit: READING,
  input: {},
  output: themeView,
  etag: true,
  handler: async (ctx) => presentTheme(await readOwnTheme(ctx)),
})

const putThemeRoute = defineRoute({
  id: 'putNotificationTheme',
  method: 'put',
  path: '/theme',
  summary: 'Set how your messages look',
  description: 'Replaces the whole theme: what is left out is as the installation has it.',
  access: can('notifications.settings.manage'),
  limit: 'write',
  audit: { action: 'notification_theme.set' },
  input: { body: putThemeBody },
  output: themeView,
  handler: async (ctx, { body }) => presentTheme(await setTheme(ctx, body)),
})

/** Templates, in URL order, and the theme they are rendered with. */
export const templateRoutes = [
  listTemplatesRoute,
  createTemplateRoute,
  getTemplateRoute,
  updateTemplateRoute,
  removeTemplateRoute,
  publishTemplateRoute,
  unpublishTemplateRoute,
  rollbackTemplateRoute,
  listVersionsRoute,
  getVersionRoute,
  previewTemplateRoute,
  testTemplateRoute,
  getThemeRoute,
  putThemeRoute,
]
