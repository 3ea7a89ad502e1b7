import { silentProgress as silent } from '../base/progress.js'
import { openDeployment } from '../deployment/deployment.js'
import { Journal } from '../deployment/journal.js'
import { withLifecycleLock } from '../deployment/lifecycle-lock.js'
import { SECRETS } from '../operations/secrets/records.js'
import { rotateFiles } from '../operations/secrets/rotate-files.js'
import { ROTATION } from '../operations/secrets/rotation-history.js'
import { settle } from '../operations/secrets/settle-rotations.js'
import { embeddedRuntime } from '../runtimes/embedded/embedded-runtime.js'
import { installedPrograms } from '../runtimes/embedded/program-paths.js'

/** A journal whose process is killed, as by `kill -9`, right before or right after it notes the n-th step of a rotation. */
class DeadlyJournal extends Journal {
  private seen = 0

  constructor(
    folder: string,
    private readonly killAt: number,
    private readonly when: 'before' | 'after',
  ) {
    super(folder)
  }

  override record<T>(
    action: string,
    work: (step: (detail: Record<string, unknown>) => Promise<void>) => Promise<T>,
    detail?: Record<string, unknown>,
  ): Promise<T> {
    if (action !== ROTATION) return super.record(action, work, detail)
    const deadly = (step: (detail: Record<string, unknown>) => Promise<void>) =>
      work(async (noted) => {
        this.seen += 1
        if (this.seen === this.killAt && this.when === 'before') die()
        await step(noted)
        if (this.seen === this.killAt) die()
      })
    return super.record(action, deadly, detail)
  }
}

function die(): void {
  process.kill(process.pid, 'SIGKILL')
}

/** `killed-rotation DIR SERVER STEP before|after [settle]`: rotates, or settles, and is killed on the way. */
const [dir = '', server = '', step = '', when = '', what = ''] = process.argv.slice(2)
const deployment = await openDeployment(dir)
Object.defineProperty(deployment, 'journal', {
  value: new DeadlyJournal(deployment.paths.journal, Number(step), when === 'before' ? 'before' : 'after'),
})
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
