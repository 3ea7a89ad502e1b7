import { resolve } from 'node:path'
import { identitiesIn } from '../../deployment/age-keys.js'
import { type Deployment, openDeployment } from '../../deployment/deployment.js'
import { CliError } from '../../deployment/errors.js'
import { rotatingSecrets } from '../../deployment/rotating-secret.js'
import { during } from '../../runtimes/during.js'
import { hostTool } from '../../runtimes/embedded/host-tool.js'
import { runtimeFor } from '../../runtimes/index.js'
import type { Progress } from '../../runtimes/runtime.js'
import type { InfoResult, Keys } from '../backup/protocol.js'
import { useTool } from '../backup/use-tool.js'
import { requirePreflight } from '../check-deployment.js'
import { type Changes, deploymentFromKit, kitNeeded } from './deployment-from-kit.js'
import { type InspectedBackup, inspectSource } from './inspect-source.js'
import { type RestoreSource, sourceWords, toolSource } from './restore-source.js'
import { isMadeOnly, readRestoreState } from './restore-state.js'
import {
  noteMade,
  type RestoreOutcome,
  type RestoreRequest,
  runRestore,
  settleRestore,
} from './run-restore.js'

/** What `vetrai restore` was told. */
export interface RestoreOptions {
  dir: string
  source: RestoreSource
  keys: Keys
  changes: Changes
  safety: boolean
  keepOld: boolean
  /** Whether the deployment stays in maintenance when it is done. */
  rests: boolean
  progress: Progress
}

/** A backup, and what would become of it here. */
export interface PlannedRestore {
  backup: InfoResult
  from: string
  dir: string
  /** Name of the deployment that it would be restored to. */
  name: string
  runtime: string
  /** True where there is none in the directory yet. */
  creates: boolean
  /** True where data that is there would give way. */
  replaces: boolean
}

/** What a restore did. */
export interface RestoreResult extends PlannedRestore {
  url: string
  rows: number
  safety_backup: string | null
  kept_database: string | null
  /** Whether it was left in maintenance. */
  maintenance: boolean
  duration_s: number
}

/** A plan with all that carrying it out needs. */
export interface Restore {
  plan: PlannedRestore
  /** Reads every byte of the backup, and looks whether this version knows its schema. Changes nothing. */
  check(): Promise<{ ok: boolean; pending_migrations: string[] }>
  run(): Promise<RestoreResult>
}

/** Looks at a backup and at where it is to go, and changes nothing. */
export async function planRestore(options: RestoreOptions): Promise<Restore> {
  const { dir, source, keys, changes } = options
  const existing = await openExisting(dir)
  if (!existing && source.kind === 'target') throw noTargets(dir)
  const found = await inspectSource(
    source,
    keys,
    existing && { deployment: existing, runtime: runtimeFor(existing) },
  )
  if (!existing && found.kit === undefined) throw kitNeeded()
  const begun = existing && (await readRestoreState(existing))
  // Cut short before anybody was served, or before it could say that it had come to its end: it goes on.
  const goesOn = isMadeOnly(begun) || (begun?.created === true && begun.backup === found.info.id)
  if (existing && goesOn) refuseOtherChanges(existing, changes)
  else if (existing) refuseChanges(changes)
  const creates = existing === undefined || goesOn
  const plan: PlannedRestore = {
    backup: found.info,
    from: sourceWords(source),
    dir,
    name: existing?.name ?? changes.name ?? found.info.deployment.name,
    runtime: existing?.config.runtime ?? changes.runtime ?? found.info.deployment.runtime,
    creates,
    replaces: !creates,
  }
  return {
    plan,
    check: () => check(options, existing),
    run: () => run(options, plan, { existing, found }),
  }
}

async function check(
  { source, keys, progress }: RestoreOptions,
  existing: Deployment | undefined,
): Promise<{ ok: boolean; pending_migrations: string[] }> {
  const { request, mounts } = toolSource(source)
  const own = identitiesIn((await existing?.secrets.find('backup-key')) ?? '')
  const opening = { ...keys, identities: [...(keys.identities ?? []), ...own] }
  const tool = { verb: 'restore-check', request: { source: request, ...opening }, mounts, needsStores: false }
  if (existing && source.kind === 'target')
    return useTool({ deployment: existing, runtime: runtimeFor(existing), progress }, tool)
  return (await during(progress, 'Read the whole backup', () => hostTool(tool))) as {
    ok: boolean
    pending_migrations: string[]
  }
}

async function run(
  options: RestoreOptions,
  plan: PlannedRestore,
  { existing, found }: { existing: Deployment | undefined; found: InspectedBackup },
): Promise<RestoreResult> {
  const { dir, source, keys, changes, progress } = options
  // Before anything is touched: what is damaged, sealed for others or of a newer version stops here.
  await check(options, existing)
  const deployment = existing ?? (await deploymentFromKit(dir, found.kit ?? never(), changes))
  const runtime = runtimeFor(deployment)
  const request: RestoreRequest = {
    source: pinned(source, found.info.id),
    backup: found.info.id,
    keys: { identities: keys.identities ?? [], ...(keys.passphrase && { passphrase: keys.passphrase }) },
    masterKey: found.kit?.secrets['master-key'],
    safety: plan.replaces && options.safety,
    keepOld: plan.replaces && options.keepOld,
    created: plan.creates,
    rests: options.rests,
  }
  const settled = await settleRestore({ deployment, runtime, progress }, 0, { kept: plan.creates })
  const done = (outcome: Pick<RestoreOutcome, 'safety_backup' | 'kept' | 'duration_s'>): RestoreResult => ({
    ...plan,
    url: deployment.publicUrl,
    rows: found.info.rows,
    safety_backup: outcome.safety_backup,
    kept_database: outcome.kept,
    maintenance: options.rests,
    duration_s: outcome.duration_s,
  })
  if (plan.creates && settled === 'finished') return done({ safety_backup: null, kept: null, duration_s: 0 })
  await refuseRotation(deployment)
  const isMade = existing !== undefined && plan.creates
  if (!isMade && !(await runtime.status(deployment, { brief: true })).ready) {
    await requirePreflight(deployment)
    await runtime.up(deployment, progress)
  }
  if (plan.creates) {
    // It has nothing to serve yet, and what it accepted would be lost: only from here on it is nobody's but the restore's.
    await runtime.hold(deployment, progress)
    if (!isMade) await noteMade(deployment, request)
  }
  const lent = source.kind === 'archive' ? await runtime.lend(deployment, resolve(source.file)) : undefined
  return done(
    await runRestore(
      { deployment, runtime, progress },
      { ...request, ...(lent && { source: { kind: 'archive', file: lent.path } }) },
    ).finally(() => lent?.release()),
  )
}

/** The backup that was looked at, whatever is the newest by now. */
function pinned(source: RestoreSource, id: string): RestoreSource {
  return source.kind === 'archive' ? source : { ...source, id }
}

async function openExisting(dir: string): Promise<Deployment | undefined> {
  try {
    return await openDeployment(dir)
  } catch (error) {
    if (error instanceof CliError && error.code === 'config_missing') return undefined
    throw error
  }
}

function refuseChanges(changes: Changes): void {
  const [name] = Object.keys(changes)
  if (name === undefined) return
  throw new CliError({
    code: 'usage',
    message: 'There is a deployment here already; it keeps its configuration, and gets the data only.',
    next: `Leave --${name.replace('publicUrl', 'public-url')} out and change it with \`vetrai config set\`, or restore to another directory with --dir.`,
    exitCode: 2,
  })
}

/** What a restore that goes on was told when it began stands in the configuration that it made. */
function refuseOtherChanges({ config }: Deployment, changes: Changes): void {
  const made: Record<keyof Changes, unknown> = {
    ...{ name: config.name, runtime: config.runtime, port: config.port, domain: config.proxy.domain },
    ...{ publicUrl: config.public_url, objects: config.objects.store },
  }
  const isFile = config.runtime === 'embedded' && changes.objects === 'built-in'
  const asked: Changes = { ...changes, ...(isFile && { objects: 'file' }) }
  const other = (Object.keys(asked) as (keyof Changes)[]).find((key) => asked[key] !== made[key])
  if (other === undefined) return
  throw new CliError({
    code: 'usage',
    message: `The restore that was cut short made a deployment here already, of which ${other} is ${made[other] ?? 'not set'}.`,
    next: 'Run the same command as before, or restore to another directory with --dir.',
    exitCode: 2,
  })
}

async function refuseRotation({ secrets }: Deployment): Promise<void> {
  if ((await rotatingSecrets(secrets)).length === 0) return
  throw new CliError({
    code: 'rotation_pending',
    message: 'A rotation of secrets is not settled yet.',
    next: 'Settle it with `vetrai up`, then restore.',
    exitCode: 4,
  })
}

function noTargets(dir: string): CliError {
  return new CliError({
    code: 'source_missing',
    message: `There is no deployment in ${dir}, so nobody knows where its backups are.`,
    next: 'Name a downloaded file, or --from with the folder of a target, or the bucket with --s3-endpoint and --s3-bucket.',
    exitCode: 2,
  })
}

function never(): never {
  throw kitNeeded()
}
