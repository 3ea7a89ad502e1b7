import { defineService } from '../../kernel/define-service.js'
import { create } from './jobs/create.js'
import { drill } from './jobs/drill.js'
import { prune } from './jobs/prune.js'
import { tell } from './jobs/tell.js'
import { watch } from './jobs/watch.js'
import { measureBackups } from './operations/measure-backups.js'
import { backupRoutes } from './routes.js'

/** Backups that happen by themselves, proofs that they restore, and what became of them. */
export const backups = defineService({
  name: 'backups',
  summary: 'Backups that happen by themselves, and what became of them.',
  prefix: '/backups',
  needs: [],
  routes: backupRoutes,
  jobs: [create, drill, prune, tell, watch],
  start: async (resources) => resources.metrics.watchBackups(() => measureBackups(resources)),
})
