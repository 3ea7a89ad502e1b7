import { silentProgress as silent } from '../base/progress.js'
import { openDeployment } from '../deployment/deployment.js'
import { withLifecycleLock } from '../deployment/lifecycle-lock.js'
import { SECRETS } from '../operations/secrets/records.js'
import { rotateFiles } from '../operations/secrets/rotate-files.js'
import { ROTATION } from '../operations/secrets/rotation-history.js'
import { settle } from '../operations/secrets/settle-rotations.js'
import { embeddedRuntime } from '../runtimes/embedded/embedded-runtime.js'
import { installedPrograms } from '../runtimes/embedded/program-paths.js'
import { dieAtStep } from './deadly-journal.js'

/** `killed-rotation DIR SERVER STEP before|after [settle]`: rotates, or settles, and is killed on the way. */
const [dir = '', server = '', step = '', when = '', what = ''] = process.argv.slice(2)
const deployment = await openDeployment(dir)
dieAtStep({ action: ROTATION, step: Number(step), when: when === 'before' ? 'before' : 'after' })
const installed = await installedPrograms()
const context = {
  deployment,
  runtime: embeddedRuntime(async () => ({ ...installed, server })),
  progress: silent,
}
const files = SECRETS.filter((record) => record.kind === 'file').filter(({ isUsed }) =>
  isUsed(deployment.config),
)
await withLifecycleLock(deployment, 'secrets rotate', 0, async () => {
  if (what === 'settle') await settle(context)
  else await rotateFiles(context, files)
})
