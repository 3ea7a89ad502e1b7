import { type Access, can, defineRoute, type RouteRecord, unaudited } from '../../../kernel/define-route.js'
import { listOf, noContent } from '../../../kernel/schema.js'
import { channelErrors } from '../errors/channels.js'
import {
  addSuppression,
  listSuppressions,
  readSuppression,
  removeSuppression,
  type SuppressionList,
} from '../operations/manage-suppressions.js'
import { presentSuppression } from '../present-suppression.js'
import {
  addSuppressionBody,
  listSuppressionsQuery,
  suppressionParams,
  suppressionView,
} from '../schemas/channels.js'

interface ListFacts {
  list: SuppressionList
  path: string
  /** Ends the operation ids and the summaries. */
  name: string
  words: string
  read: Access
  manage: Access
  transaction: 'auto' | 'system'
}

/** The four operations that both lists have. */
function routesOf({ list, path, name, words, read, manage, transaction }: ListFacts): RouteRecord[] {
  const address = `/notifications/v1${path}`
  return [
    defineRoute({
      id: `list${name}s`,
      method: 'get',
      path,
      summary: `List addresses that ${words}`,
      description: 'Hard bounces, complaints and dead devices come here by themselves. Addresses are masked.',
      access: read,
      limit: 'read',
      audit: unaudited('reading changes nothing'),
      transaction,
      input: { query: listSuppressionsQuery },
      output: listOf(suppressionView),
      handler: (ctx, { query }) => listSuppressions(ctx, list, query),
    }),
    defineRoute({
      id: `add${name}`,
      method: 'post',
      path,
      summary: `Add an address that ${words}`,
      description: 'Safe to repeat: an address that is on the list stays as it is.',
      access: manage,
      limit: 'write',
      audit: { action: 'suppression.added', target: 'result.id' },
      transaction,
      input: { body: addSuppressionBody },
      output: suppressionView,
      status: 201,
      location: ({ id }) => `${address}/${id}`,
      errors: [channelErrors.AddressRefused],
      handler: async (ctx, { body }) => presentSuppression(await addSuppression(ctx, list, body)),
    }),
    defineRoute({
      id: `get${name}`,
      method: 'get',
      path: `${path}/:suppressionId`,
      summary: `Read about an address that ${words}`,
      access: read,
      limit: 'read',
      audit: unaudited('reading changes nothing'),
      transaction,
      input: { params: suppressionParams },
      output: suppressionView,
      errors: [channelErrors.SuppressionNotFound],
      handler: async (ctx, { params }) =>
        presentSuppression(await readSuppression(ctx, list, params.suppressionId)),
    }),
    defineRoute({
      id: `remove${name}`,
      method: 'delete',
      path: `${path}/:suppressionId`,
      summary: `Remove an address that ${words}`,
      description: 'It is written to again. One that complained should have asked for it.',
      access: manage,
      limit: 'write',
      audit: { action: 'suppression.removed', target: 'params.suppressionId' },
      transaction,
      input: { params: suppressionParams },
      output: noContent,
      status: 204,
      errors: [channelErrors.SuppressionNotFound],
      handler: async (ctx, { params }) => {
        await removeSuppression(ctx, list, params.suppressionId)
        return undefined
      },
    }),
  ]
}

/** In URL order; the installation's list holds for every organisation and for mails about accounts. */
export const suppressionRoutes = [
  ...routesOf({
    list: 'installation',
    path: '/installation/suppressions',
    name: 'InstallationSuppression',
    words: 'nobody writes to',
    read: can('notifications.suppressions.administer'),
    manage: can('notifications.suppressions.administer'),
    transaction: 'system',
  }),
  ...routesOf({
    list: 'tenant',
    path: '/suppressions',
    name: 'Suppression',
    words: 'the organisation does not write to',
    read: can('notifications.subscribers.read'),
    manage: can('notifications.settings.manage'),
    transaction: 'auto',
  }),
]
