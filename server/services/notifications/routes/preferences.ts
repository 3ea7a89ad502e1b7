import { can, defineRoute, unaudited } from '../../../kernel/define-route.js'
import { noContent } from '../../../kernel/schema.js'
import { pipelineErrors } from '../errors/pipeline.js'
import { listCategories, putCategory, readCategory, removeCategory } from '../operations/manage-categories.js'
import {
  readDefaults,
  readInstallationPolicy,
  readOwnPreferences,
  setDefaults,
  setInstallationPolicy,
  setOwnPreferences,
} from '../operations/manage-preferences.js'
import {
  presentCategory,
  presentDefaults,
  presentPolicy,
  presentPreferences,
} from '../present/preferences.js'
import { recipientOf } from '../recipient.js'
import {
  categoryBody,
  categoryListView,
  categoryParams,
  categoryView,
  defaultsBody,
  defaultsView,
  policyBody,
  policyView,
  preferencesBody,
  preferencesView,
} from '../schemas/preferences.js'

const READING = unaudited('reading changes nothing')

const getPreferencesRoute = defineRoute({
  id: 'getNotificationPreferences',
  method: 'get',
  path: '/preferences',
  summary: "Read the caller's own preferences",
  description:
    'Of the person, or of the subscriber whose token is sent; `effective` says what follows from them.',
  access: can('notifications.inbox'),
  limit: 'read',
  audit: READING,
  etag: true,
  input: {},
  output: preferencesView,
  errors: [pipelineErrors.NobodysInbox],
  handler: async (ctx) => presentPreferences(await readOwnPreferences(ctx, recipientOf(ctx.principal))),
})

const putPreferencesRoute = defineRoute({
  id: 'putNotificationPreferences',
  method: 'put',
  path: '/preferences',
  summary: "Set the caller's own preferences",
  description: 'What is left out is as if nothing was chosen.',
  access: can('notifications.inbox'),
  limit: 'write',
  audit: { action: 'notification.preferences-set', target: 'principal' },
  input: { body: preferencesBody },
  output: preferencesView,
  errors: [pipelineErrors.NobodysInbox],
  handler: async (ctx, { body }) =>
    presentPreferences(await setOwnPreferences(ctx, recipientOf(ctx.principal), body)),
})

const getDefaultsRoute = defineRoute({
  id: 'getNotificationDefaults',
  method: 'get',
  path: '/defaults',
  summary: 'Read what the organisation decides for everybody',
  access: can('notifications.settings.read'),
  limit: 'read',
  audit: READING,
  etag: true,
  input: {},
  output: defaultsView,
  handler: async (ctx) => presentDefaults(await readDefaults(ctx)),
})

const putDefaultsRoute = defineRoute({
  id: 'putNotificationDefaults',
  method: 'put',
  path: '/defaults',
  summary: 'Decide for everybody in the organisation',
  description:
    'An "off" here is final. Quiet hours, time zone and language are for those who chose none. Critical categories go out all the same.',
  access: can('notifications.settings.manage'),
  limit: 'write',
  audit: { action: 'notification.defaults-set' },
  input: { body: defaultsBody },
  output: defaultsView,
  handler: async (ctx, { body }) => presentDefaults(await setDefaults(ctx, body)),
})

const getPolicyRoute = defineRoute({
  id: 'getNotificationPolicy',
  method: 'get',
  path: '/policy',
  summary: 'Read what the operator switched off everywhere',
  access: can('notifications.policy.read'),
  limit: 'read',
  audit: READING,
  transaction: 'system',
  etag: true,
  input: {},
  output: policyView,
  handler: async (ctx) => presentPolicy(await readInstallationPolicy(ctx)),
})

const putPolicyRoute = defineRoute({
  id: 'putNotificationPolicy',
  method: 'put',
  path: '/policy',
  summary: 'Switch channels and categories off everywhere',
  description: 'For every organisation of this installation. Critical categories go out all the same.',
  access: can('notifications.policy.manage'),
  limit: 'write',
  audit: { action: 'notification.policy-set' },
  transaction: 'system',
  input: { body: policyBody },
  output: policyView,
  handler: async (ctx, { body }) => presentPolicy(await setInstallationPolicy(ctx, body)),
})

const listCategoriesRoute = defineRoute({
  id: 'listNotificationCategories',
  method: 'get',
  path: '/categories',
  summary: 'List categories',
  description: 'Those that are built in and those that the organisation declares.',
  access: can('notifications.settings.read'),
  limit: 'read',
  audit: READING,
  input: {},
  output: categoryListView,
  handler: async (ctx) => ({ data: (await listCategories(ctx)).map(presentCategory) }),
})

const getCategoryRoute = defineRoute({
  id: 'getNotificationCategory',
  method: 'get',
  path: '/categories/:category',
  summary: 'Read a category',
  access: can('notifications.settings.read'),
  limit: 'read',
  audit: READING,
  etag: true,
  input: { params: categoryParams },
  output: categoryView,
  errors: [pipelineErrors.CategoryMissing],
  handler: async (ctx, { params }) => presentCategory(await readCategory(ctx, params.category)),
})

const putCategoryRoute = defineRoute({
  id: 'putNotificationCategory',
  method: 'put',
  path: '/categories/:category',
  summary: 'Declare a category',
  description: 'Or say what a built-in one is in this organisation. What is left out is as its default says.',
  access: can('notifications.settings.manage'),
  limit: 'write',
  audit: { action: 'notification.category-set', target: 'params.category' },
  input: { params: categoryParams, body: categoryBody },
  output: categoryView,
  errors: [pipelineErrors.CategoryLimit],
  handler: async (ctx, { params, body }) =>
    presentCategory({ category: await putCategory(ctx, params.category, body), isBuiltIn: false }),
})

const deleteCategoryRoute = defineRoute({
  id: 'deleteNotificationCategory',
  method: 'delete',
  path: '/categories/:category',
  summary: 'Take the declaration of a category back',
  description: 'A built-in one is as it was; one of your own is gone, and messages that name it fail.',
  access: can('notifications.settings.manage'),
  limit: 'write',
  audit: { action: 'notification.category-deleted', target: 'params.category' },
  input: { params: categoryParams },
  output: noContent,
  status: 204,
  errors: [pipelineErrors.CategoryMissing],
  handler: (ctx, { params }) => removeCategory(ctx, params.category).then(() => undefined),
})

/** Who wants what: recipients, the organisation, the operator; and the kinds of messages they speak of. */
export const preferenceRoutes = [
  getPreferencesRoute,
  putPreferencesRoute,
  getDefaultsRoute,
  putDefaultsRoute,
  getPolicyRoute,
  putPolicyRoute,
  listCategoriesRoute,
  getCategoryRoute,
  putCategoryRoute,
  deleteCategoryRoute,
]
