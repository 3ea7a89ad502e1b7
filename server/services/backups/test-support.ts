import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Settings of backups as the command line leaves them: one target below `folder`, to which `more` is added. */
export async function writeBackupSettings(folder: string, more: object = {}): Promise<void> {
  await mkdir(folder, { recursive: true })
  const settings = {
    version: 1,
    deployment: { id: 'd1', name: 'shop', runtime: 'embedded' },
    targets: [{ name: 'local', folder: join(folder, 'backups') }],
    keep: { last: 1, daily: 0, weekly: 0, monthly: 0 },
    recipients: [],
    recovery: null,
    throttle_mb_s: null,
    schedule: '17 3 * * *',
    drill: '47 4 * * 0',
    time_zone: 'Europe/Berlin',
    notify: 'watch@vetrai.test',
    ...more,
  }
  await writeFile(join(folder, 'settings.json'), JSON.stringify(settings))
}
