import { z } from 'zod'
import { defineRoute, open, unaudited } from '../../../kernel/define-route.js'
import { kernelErrors } from '../../../kernel/errors.js'
import { bytes, pageContent } from '../../../kernel/schema.js'
import { channelErrors } from '../errors/channels.js'
import { showUnsubscribe, unsubscribe } from '../operations/unsubscribe.js'
import { isOneClick, UNSUBSCRIBE_TOKEN_MAX } from '../rules/unsubscribe-link.js'

const access = open('the link is signed and names whose messages it ends')
const params = z.strictObject({
  token: z.string().min(1).max(UNSUBSCRIBE_TOKEN_MAX).describe('What the link in the message ends with.'),
})

const showUnsubscribeRoute = defineRoute({
  id: 'showUnsubscribe',
  method: 'get',
  path: '/unsubscribe/:token',
  summary: 'Page that asks whether to unsubscribe',
  description: 'Changes nothing, however often it is opened.',
  access,
  limit: 'probe',
  audit: unaudited('reading changes nothing'),
  transaction: 'manual',
  input: { params },
  output: pageContent,
  produces: 'page',
  errors: [channelErrors.LinkRefused],
  handler: (ctx, { params }) => showUnsubscribe(ctx, params.token),
})

const unsubscribeRoute = defineRoute({
  id: 'unsubscribe',
  method: 'post',
  path: '/unsubscribe/:token',
  summary: 'Unsubscribe with one click (RFC 8058)',
  description: 'Takes the field `List-Unsubscribe=One-Click`, as mail clients and the page send it.',
  access,
  limit: 'probe',
  audit: unaudited('the event is the record, and who has a link may press its button as often as they like'),
  transaction: 'system',
  accepts: 'bytes',
  mediaTypes: ['application/x-www-form-urlencoded', 'multipart/form-data'],
  input: { params, body: bytes },
  output: pageContent,
  produces: 'page',
  errors: [channelErrors.LinkRefused],
  handler: (ctx, { params, body }) => {
    if (!isOneClick(body))
      throw new kernelErrors.Malformed({ what: 'List-Unsubscribe=One-Click is missing.' })
    return unsubscribe(ctx, params.token)
  },
})

export const unsubscribeRoutes = [showUnsubscribeRoute, unsubscribeRoute]
