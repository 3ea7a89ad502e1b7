import { isInCrontab } from '../boot/cron-line.js'
import { findSystemd } from '../clients/systemd.js'
import type { Deployment } from '../deployment/deployment.js'
import { readService } from '../operations/read-service.js'
import { type Check, type Finding, ok, warn } from './check.js'

/** Something brings the deployment up when the host starts. */
export const boot: Check = {
  name: 'boot',
  title: 'Start at boot',
  stages: ['doctor'],
  remedy: 'Have systemd start it: vetrai service install',
  run: async ({ deployment }) => (deployment === undefined ? undefined : look(deployment)),
}

async function look(deployment: Deployment): Promise<Finding | undefined> {
  const { runtime } = deployment.config
  if (runtime !== 'embedded' && runtime !== 'compose') return undefined
  const systemd = await findSystemd()
  const service = systemd && (await readService(deployment, systemd))
  if (service?.starts_at_boot) return ok(`systemd starts it (${service.unit})`)
  if (await isInCrontab(deployment)) return ok('cron starts it')
  return service?.installed
    ? warn(`${service.unit} does not start it at boot yet`, service.hint ?? undefined)
    : warn('nothing starts the deployment when this host starts')
}
