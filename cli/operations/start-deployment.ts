import { createDeployment } from '../deployment/create-deployment.js'
import { type Deployment, openDeployment } from '../deployment/deployment.js'
import { CliError } from '../deployment/errors.js'
import { runtimeFor } from '../runtimes/index.js'
import type { Progress, RuntimeStatus } from '../runtimes/runtime.js'
import { makeRecoveryKey, type RecoveryKey, remakeUnseenKey } from './backup/recovery-key.js'
import { requirePreflight } from './check-deployment.js'
import { settleRestore } from './restore/run-restore.js'
import { settleRotations } from './secrets/settle-rotations.js'
import { isUnfinished, readUpgrade } from './upgrade/upgrade-state.js'

const WAIT_FOR_OTHERS_MS = 60_000

/** What `up` did and where everything is. */
export interface StartResult {
  /** True when this run made the deployment. */
  created: boolean
  /** False when everything already ran and nothing was touched. */
  changed: boolean
  name: string
  dir: string
  url: string
  docs_url: string
  operator_email: string
  /** File that holds the generated password of the operator. */
  password_file: string
  /** Opens the backups when this host is lost, shown by the run that made it; null by every other. */
  recovery_key: string | null
  status: RuntimeStatus
  /** The version that `vetrai upgrade run` would bring; null where there is none. */
  upgrade: { from: string; to: string } | null
}

/**
 * Brings a deployment up and waits until it is ready. Where there is none it is created with safe
 * defaults; where everything runs nothing is changed. Nothing starts unless the preflight passes.
 */
export async function startDeployment(dir: string, progress: Progress): Promise<StartResult> {
  const { deployment, created, ...made } = await openOrCreate(dir, progress)
  // One of an earlier run that ended before it could show it is made anew.
  const key = made.key ?? (await remakeUnseenKey(deployment))
  await deployment.secrets.generateAddedLater()
  const runtime = runtimeFor(deployment)
  const restored = await settleRestore({ deployment, runtime, progress }, WAIT_FOR_OTHERS_MS)
  const before = await runtime.status(deployment, { brief: true })
  if (!before.ready) await preflight(deployment, progress)
  const wasUnfinished = await settleUnfinished(deployment, progress)
  const settled = await settleRotations({ deployment, runtime, progress }, WAIT_FOR_OTHERS_MS)
  const { changed, status } = await runtime.up(deployment, progress)
  const wasSettled =
    wasUnfinished || restored !== 'none' || settled.finished.length + settled.undone.length > 0
  return {
    created,
    changed: changed || created || wasSettled,
    name: deployment.name,
    dir: deployment.dir,
    url: deployment.publicUrl,
    docs_url: `${deployment.publicUrl}/docs`,
    operator_email: deployment.config.operator.email,
    password_file: deployment.secrets.path('operator-password'),
    recovery_key: key?.identity ?? null,
    status,
    upgrade: (await runtime.waitingUpgrade?.(deployment)) ?? null,
  }
}

async function openOrCreate(
  dir: string,
  progress: Progress,
): Promise<{ deployment: Deployment; created: boolean; key?: RecoveryKey }> {
  try {
    return { deployment: await openDeployment(dir), created: false }
  } catch (error) {
    if (!(error instanceof CliError && error.code === 'config_missing')) throw error
  }
  const step = progress.step('Create the deployment')
  const key = await makeRecoveryKey()
  const deployment = await createDeployment(dir, {
    config: { backup: { recovery: key.recipient } },
    recoveryUnseen: true,
  })
  step.done(dir)
  return { deployment, created: true, key }
}

/** Puts back, or finishes, an upgrade that was cut short, as by a power cut. */
async function settleUnfinished(deployment: Deployment, progress: Progress): Promise<boolean> {
  if (!isUnfinished(await readUpgrade(deployment))) return false
  const { openUpgrade } = await import('./upgrade/open-upgrade.js')
  const { resumeUpgrade } = await import('./upgrade/resume-upgrade.js')
  const { outcome, from, to } = await resumeUpgrade(await openUpgrade(deployment, progress))
  progress
    .step(`The upgrade to ${to} was cut short`)
    .done(outcome === 'finished' ? 'it is finished' : `${from} is back with its data`)
  return true
}

async function preflight(deployment: Deployment, progress: Progress): Promise<void> {
  const step = progress.step('Check this host')
  try {
    const { checks } = await requirePreflight(deployment)
    const warnings = checks
      .filter(({ level }) => level === 'warn')
      .map(({ title, detail }) => `${title}: ${detail}`)
    step.done(warnings.join('; ') || undefined)
  } catch (error) {
    step.fail()
    throw error
  }
}
