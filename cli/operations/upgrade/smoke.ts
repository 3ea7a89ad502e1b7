import type { Page } from '../../clients/api.js'
import type { Tenant } from '../../clients/resources.js'
import type { Deployment } from '../../deployment/deployment.js'
import { CliError } from '../../deployment/errors.js'
import { verifyAudit } from '../audit.js'
import { getJob } from '../jobs.js'
import { verifyKey } from '../keys.js'
import { openApi } from '../open-api.js'
import { findSchedule, runSchedule } from '../schedules.js'

const TIMEOUT_MS = 5_000
const JOB_MS = 20_000
/** Makes a signing key where one is due, and nothing otherwise. */
const HEARTBEAT = 'auth.rotate-signing-keys'

/** What the new version is expected to be. */
export interface Expected {
  version: string
  schema_version: string
  /** While the installation rests no job runs. */
  rests: boolean
}

/** Asks the deployment for a little of everything. CliError `upgrade_smoke` names the first thing that is not well. */
export async function smokeChecks(deployment: Deployment, expected: Expected): Promise<void> {
  const api = await openApi(deployment)
  await check('health', () => answers(`${deployment.localUrl}/healthz`))
  await check('readiness', () => isReady(deployment, expected))
  const tenants = await check('sign-in of the operator', () =>
    api.get<Page<Tenant>>('/tenancy/v1/tenants', { limit: 1 }),
  )
  const [tenant] = tenants.data
  const inTenant = tenant ? api.inTenant(tenant.slug) : api
  // Keys are of organisations: without one there is none to ask in.
  if (tenant)
    await check('verification of keys', async () => {
      const { valid } = await verifyKey(inTenant, { key: `vtr_sk_${'0'.repeat(36)}` })
      if (valid) throw new Error('a key that nobody has is taken for good')
    })
  await check('audit log', async () => {
    const { ok } = await verifyAudit(inTenant)
    if (!ok) throw new Error('its chain is broken')
  })
  if (!expected.rests) await check('background jobs', () => heartbeat(deployment))
}

async function check<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw new CliError({
      code: 'upgrade_smoke',
      message: `The new version fails at the check "${what}": ${error instanceof Error ? error.message : String(error)}`,
      next: 'Tell the makers of that version, with the logs: vetrai support bundle',
      cause: error,
    })
  }
}

async function answers(url: string): Promise<Response> {
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS), redirect: 'error' })
  if (!response.ok) throw new Error(`it answers ${response.status}`)
  return response
}

async function isReady({ localUrl }: Deployment, expected: Expected): Promise<void> {
  const told = (await (await answers(`${localUrl}/readyz`)).json()) as {
    version?: string
    schema_version?: string
  }
  if (told.version !== expected.version)
    throw new Error(`it says that it is ${told.version}, not ${expected.version}`)
  // A version that was put back may have left a schema that is newer; that nothing is missing, the server itself has looked.
  if (told.schema_version === undefined || told.schema_version < expected.schema_version)
    throw new Error(`its schema is ${told.schema_version}, not ${expected.schema_version}`)
}

/** A job of the server's own that changes nothing runs to its end. */
async function heartbeat(deployment: Deployment): Promise<void> {
  const api = await openApi(deployment)
  const schedule = await findSchedule(api, HEARTBEAT)
  const { job_id: id } = await runSchedule(api, schedule.id)
  for (const deadline = Date.now() + JOB_MS; Date.now() < deadline; ) {
    const { status } = await getJob(api, id)
    if (status === 'succeeded') return
    if (status === 'failed' || status === 'cancelled') throw new Error(`the job ${id} ${status}`)
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  throw new Error(`the job ${id} is not done within ${JOB_MS / 1_000} s`)
}
