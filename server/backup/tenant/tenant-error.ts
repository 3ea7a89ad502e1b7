import { BackupError } from '../backup-error.js'

/** What went wrong with the data of a tenant; the code is `tenant_…`. */
export function tenantError(code: string, message: string, next: string, cause?: unknown): BackupError {
  return new BackupError({ code: `tenant_${code}`, message, next, ...(cause === undefined ? {} : { cause }) })
}
