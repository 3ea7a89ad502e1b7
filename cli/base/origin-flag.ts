import * as Flags from '@oclif/core/flags'
import { usageError } from './usage-error.js'

/** Whose archive of the database is meant, where that is not the deployment's own. */
export const originFlag = Flags.string({
  description:
    'id of another deployment, such as one whose host is lost, whose archive is in the same target under the same key; see: vetrai backup info',
  env: 'VETRAI_FROM_DEPLOYMENT',
  helpValue: 'ID',
  parse: async (text) => {
    if (/^[0-9a-f]{16}$/.test(text)) return text
    throw usageError(
      `"${text}" is no id of a deployment.`,
      'Name 16 of 0-9 and a-f, as `vetrai backup info` has them.',
    )
  },
})
