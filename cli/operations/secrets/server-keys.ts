import { setTimeout as sleep } from 'node:timers/promises'
import type { Api } from '../../clients/api.js'
import type { Job } from '../../clients/resources.js'
import { CliError } from '../../deployment/errors.js'
import { getJob } from '../jobs.js'
import type { ServerKey } from './secret-record.js'

/** Sealing anew goes on without anybody who waits for it. */
const WAIT_MS = 600_000
const LOOK_MS = 500
const SETTLED = ['succeeded', 'failed', 'cancelled']

/** What access tokens are signed with. */
export const jwt: ServerKey = {
  kind: 'server',
  name: 'jwt',
  about: 'signs the access tokens of people who are signed in',
  rotate: async (api, _progress, leaked) => {
    const key = await api.post<{ kid: string; active_from: string }>('/auth/v1/signing-keys/rotate', {
      revoke_previous: leaked,
    })
    return leaked
      ? `key ${key.kid} signs now; access tokens from before are refused`
      : `key ${key.kid} signs from ${key.active_from}; tokens from before stay good`
  },
}

/** What stored values are sealed with: authenticator apps, secrets of tenants, private keys. */
export const encryption: ServerKey = {
  kind: 'server',
  name: 'encryption',
  about: 'seals stored secrets: authenticator apps, workflow secrets, webhook and signing keys',
  rotate: async (api, progress) => {
    const { id, job_id } = await api.post<{ id: number; job_id: string }>('/auth/v1/sealing-keys/rotate')
    const step = progress.step('Seal every stored value with the new key')
    const job = await waitSettled(api, job_id).catch((error: unknown) => {
      step.fail()
      throw error
    })
    if (!SETTLED.includes(job.status)) {
      step.done('it goes on in the background')
      return `key ${id} seals; job ${job_id} still seals what is stored`
    }
    const { resealed = 0, unreadable = 0 } = (job.result ?? {}) as { resealed?: number; unreadable?: number }
    if (job.status !== 'succeeded' || unreadable > 0) {
      step.fail()
      throw unsealed(id, job, unreadable)
    }
    step.done(`${resealed} values`)
    return `key ${id} seals; ${resealed} values were sealed anew`
  },
}

async function waitSettled(api: Api, id: string): Promise<Job> {
  for (const deadline = Date.now() + WAIT_MS; ; await sleep(LOOK_MS)) {
    const job = await getJob(api, id)
    if (SETTLED.includes(job.status) || Date.now() > deadline) return job
  }
}

function unsealed(keyId: number, job: Job, unreadable: number): CliError {
  const reason = unreadable > 0 ? `${unreadable} values are opened by no key` : (job.error ?? job.status)
  return new CliError({
    code: 'resealing_failed',
    message: `Key ${keyId} seals from now on, but not every stored value was sealed with it: ${reason}.`,
    next: `Every key is kept, and nothing is lost. Look at it with: vetrai jobs attempts ${job.id}`,
  })
}
