import { z } from 'zod'
import { defineRoute, open, unaudited } from '../../../kernel/define-route.js'
import { readPublicKey } from '../operations/push.js'

const publicKeyRoute = defineRoute({
  id: 'getPushPublicKey',
  method: 'get',
  path: '/push/public-key',
  summary: 'Read the key that browsers subscribe to push messages with',
  access: open('it is public: every page that asks for push messages carries it'),
  limit: 'read',
  audit: unaudited('reading changes nothing'),
  transaction: 'manual',
  input: {},
  output: z.strictObject({
    public_key: z
      .string()
      .describe('`applicationServerKey` of `PushManager.subscribe`, base64url (RFC 8292).'),
  }),
  handler: (ctx) => readPublicKey(ctx),
})

export const pushRoutes = [publicKeyRoute]
