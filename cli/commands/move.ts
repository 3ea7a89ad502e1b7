import { resolve } from 'node:path'
import { confirmByName } from '../base/confirm.js'
import { DeploymentCommand } from '../base/deployment-command.js'
import { confirmFlag } from '../base/flags.js'
import { changesOf, moveFlags, targetOfFlags } from '../base/move-flags.js'
import { usageError } from '../base/usage-error.js'
import type { MoveResult } from '../operations/move/move-result.js'
import type { MoveContext } from '../operations/move/move-work.js'
import { moveView } from '../views/move-view.js'

const MESSAGE = 'We are moving to another host and will be back shortly.'
const WAIT_S = 600

export default class Move extends DeploymentCommand {
  static override summary = 'move the deployment to another host, by ssh or by an archive'
  static override description =
    'By ssh in one command: a backup while everything goes on, which the other host is tried with; then maintenance, the last backup, its way through ssh, and a restore there. Once that one is ready with all of the data it serves, and this one tells visitors where it went; its data stays. Whatever fails before that has this one serve on, and removes what was begun there. A command that was cut off is gone on with by running it again; --cancel goes back instead. At no moment do both accept anything. With --archive the deployment closes and its last backup is written to a file, for a host that ssh does not reach: restore it there, then say --done here. The host must be known to ssh here, and let it in without asking; VetrAI must be installed there, in this version or a newer one.'
  static override flags = {
    ...moveFlags,
    confirm: confirmFlag('the name of the deployment that moves'),
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %> --to root@203.0.113.7 --confirm shop',
    '<%= config.bin %> <%= command.id %> --to ops@new.example.com:2222 --remote-dir /srv/vetrai --remote-vetrai /opt/vetrai/bin/vetrai --confirm shop --json',
    '<%= config.bin %> <%= command.id %> --archive /mnt/usb/shop.tar --confirm shop',
    '<%= config.bin %> <%= command.id %> --done --url https://new.example.com',
    '<%= config.bin %> <%= command.id %> --cancel',
  ]
  static override jsonDoc = {
    name: 'name of the deployment',
    phase: '`moved`, `archived` (closed, until --done or --cancel) or `cancelled`',
    to: 'the other host; null by archive',
    file: 'the archive; null by ssh',
    dir: 'directory of the deployment there; null where it is not known',
    url: 'its URL; null where it is not known',
    rows: 'rows that were restored there; null where it is not known',
    backup: 'id of the backup that holds everything; null where none was made',
    after: 'what became of the deployment here: `maintenance` or `stop`',
    left_on_host: 'folder on the other host that could not be removed; null where nothing stayed',
    old_dir: 'directory of the deployment here, which keeps its data',
    recovery_key: 'whether there is a recovery key, which opens the archive',
  }

  async run(): Promise<MoveResult> {
    const { flags } = await this.parse(Move)
    const { cancelMove, finishMove, runMove } = await import('../operations/move/run-move.js')
    const context = await this.moves()
    if (flags.cancel) return this.show(await cancelMove(context), moveView)
    if (flags.done) return this.show(await finishMove(context, flags), moveView)
    const to = flags.to === undefined ? null : await targetOfFlags(flags.to, flags, this.deploymentDir)
    if (to === null && Object.keys(changesOf(flags)).length > 0)
      throw usageError(
        'What is to be otherwise there needs --to.',
        'By archive, give it to `vetrai restore`.',
      )
    await confirmByName({
      name: context.deployment.name,
      consequence: `takes ${context.deployment.name} out of service here, to serve elsewhere`,
      given: flags.confirm,
    })
    const request = {
      to,
      file: flags.archive === undefined ? null : resolve(flags.archive),
      after: flags.after,
      message: flags.message ?? MESSAGE,
      waitMs: (flags['wait-for'] ?? WAIT_S) * 1_000,
      rehearse: flags.rehearsal,
    }
    return this.show(await untilEnded((signal) => runMove({ ...context, signal }, request)), moveView)
  }

  private async moves(): Promise<MoveContext> {
    const { openApi } = await import('../operations/open-api.js')
    const deployment = await this.deployment()
    return {
      deployment,
      runtime: await this.runtime(deployment),
      progress: this.progress,
      api: await openApi(deployment),
      version: this.config.version,
    }
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Does work that goes back in order where the operator ends the command. */
async function untilEnded<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController()
  const end = () => stop.abort()
  for (const name of SIGNALS) process.on(name, end)
  try {
    return await work(stop.signal)
  } finally {
    for (const name of SIGNALS) process.off(name, end)
  }
}
