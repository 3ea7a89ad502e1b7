import { silentProgress } from '../base/progress.js'
import { openDeployment } from '../deployment/deployment.js'
import { createBackup } from '../operations/backup/backups.js'
import { startDeployment } from '../operations/start-deployment.js'
import { runtimeFor } from '../runtimes/index.js'
import { atTitle, die, dieAtStep } from './deadly-journal.js'
import { restoreInto, restoreOnto } from './restoring.js'

/** What is done, and when its process is killed. */
export interface KilledRestore {
  dir: string
  work: 'backup' | 'restore' | 'up'
  /** Id of the backup that is restored. */
  backup?: string
  /** Where the backup is and what opens it, for a restore that makes its deployment. */
  from?: { folder: string; identity: string }
  /** Step of the restore in the journal, right after it is noted: all before it is done, nothing of it. */
  step?: string
  /** Beginning of the title of a step that is shown: in the midst of the work. */
  title?: string
}

/** `killed-restore JSON`: does one thing to a deployment, as its command would, and is killed on the way. */
const {
  dir,
  work,
  backup = 'latest',
  from,
  step = '',
  title,
} = JSON.parse(process.argv[2] ?? '') as KilledRestore
const progress = title === undefined ? silentProgress : atTitle(title, die)
dieAtStep({ action: 'restore', step, when: 'after' })

if (work === 'backup') {
  const deployment = await openDeployment(dir)
  const context = { deployment, runtime: runtimeFor(deployment), progress }
  await createBackup(context, { targets: null, reason: 'manual', objects: true })
} else if (work === 'up') {
  await startDeployment(dir, progress)
} else if (from) {
  await restoreInto(dir, { ...from, backup, progress })
} else {
  await restoreOnto(dir, { source: { kind: 'target', target: null, id: backup }, progress })
}
