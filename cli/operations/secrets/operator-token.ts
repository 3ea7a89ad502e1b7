import { openApi } from '../open-api.js'
import type { FileSecret } from './secret-record.js'

/** The command line's own credential: the server stores the hash of a new one when it starts. */
export const operatorToken: FileSecret = {
  kind: 'file',
  name: 'operator-token',
  about: 'lets this command line call the API',
  isUsed: () => true,
  inStore: false,
  verify: async ({ deployment }) => {
    await (await openApi(deployment)).get('/auth/v1/me')
  },
  retire: async ({ deployment }, previous) => {
    await (await openApi(deployment)).form('/auth/v1/revoke', { token: previous })
  },
}
