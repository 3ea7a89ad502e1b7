import type { Deployment } from '../../deployment/deployment.js'
import { CliError } from '../../deployment/errors.js'
import { openApi } from '../open-api.js'

const PATH = '/installation/v1/maintenance'

interface Maintenance {
  on: boolean
}

/**
 * Lets the installation rest, and tells whether it did not before. A version that knows no maintenance is only stopped: its
 * callers get no answer instead of a page.
 */
export async function beginRest(deployment: Deployment): Promise<boolean> {
  const api = await openApi(deployment)
  try {
    const before = await api.get<Maintenance>(PATH)
    if (before.on) return false
    await api.put<Maintenance>(PATH, {
      message: 'We are upgrading this service and will be back shortly.',
      retry_after_s: 30,
    })
    return true
  } catch (error) {
    if (error instanceof CliError && error.code.endsWith('not_found')) return false
    throw error
  }
}

/** Opens the installation again. */
export async function endRest(deployment: Deployment): Promise<void> {
  await (await openApi(deployment)).delete(PATH)
}
