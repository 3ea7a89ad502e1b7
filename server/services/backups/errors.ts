import { defineErrors } from '../../kernel/define-errors.js'

export const backupErrors = defineErrors('backups', {
  notConfigured: {
    status: 409,
    message: 'This server does not know where backups go.',
    next: 'Write the settings with `vetrai up`; a server that is run in another way needs BACKUP_RECOVERY_PATH.',
  },
  notFound: {
    status: 404,
    message: 'There is no such run.',
    next: 'GET /backups/v1/runs lists those there are.',
  },
})
