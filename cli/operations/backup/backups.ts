import type { Deployment } from '../../deployment/deployment.js'
import { CliError } from '../../deployment/errors.js'
import type { FoundSource } from './backup-source.js'
import type {
  CheckTargetRequest,
  CheckTargetResult,
  CopyRequest,
  CopyResult,
  CreateRequest,
  CreateResult,
  DrillRequest,
  DrillResult,
  InfoRequest,
  InfoResult,
  Keys,
  ListRequest,
  ListResult,
  PruneRequest,
  PruneResult,
  VerifyRequest,
  VerifyResult,
} from './protocol.js'
import { type BackupContext, useTool } from './use-tool.js'

/** Makes a backup, in all targets or the named ones, with configuration and secrets as they are now. */
export async function createBackup(context: BackupContext, request: CreateRequest): Promise<CreateResult> {
  const { deployment } = context
  requireTargets(deployment, request.targets)
  const { reason, targets, objects } = request
  const work = async (step: (detail: Record<string, unknown>) => Promise<void>) => {
    const result = await useTool<CreateResult>(context, { verb: 'create', request })
    await step({ id: result.id, bytes: result.bytes })
    return result
  }
  return deployment.journal.record('backup-create', work, { reason, targets, objects })
}

/** The backups in all targets, or in the named ones, newest first. */
export async function listBackups(context: BackupContext, targets: string[] | null): Promise<ListResult> {
  return askTargets<ListRequest, ListResult>(context, 'list', { targets })
}

/** What one backup holds. */
export async function readBackup(
  context: BackupContext,
  { source, mounts }: FoundSource,
  keys: Keys,
): Promise<InfoResult> {
  requireTargets(context.deployment, targetOf(source))
  const request: InfoRequest = { ...source, ...keys }
  return useTool(context, { verb: 'info', request, mounts, needsStores: false })
}

/** Holds every byte of a backup against its hash, and opens what a key is there for. */
export async function verifyBackup(
  context: BackupContext,
  { source, mounts }: FoundSource,
  keys: Keys,
): Promise<VerifyResult> {
  requireTargets(context.deployment, targetOf(source))
  const request: VerifyRequest = { ...source, ...keys }
  return useTool(context, { verb: 'verify', request, mounts, needsStores: false })
}

/** Restores a backup to a database of its own and reads from it. Needs the stores, and changes nothing in the deployment’s data. */
export async function drillBackup(context: BackupContext, request: DrillRequest): Promise<DrillResult> {
  requireTargets(context.deployment, targetOf(request))
  const work = async (step: (detail: Record<string, unknown>) => Promise<void>) => {
    const result = await useTool<DrillResult>(context, { verb: 'drill', request })
    await step({ id: result.id, ok: result.ok, recovery_s: result.recovery_s })
    return result
  }
  return context.deployment.journal.record('backup-drill', work)
}

/** Removes the backups that no rule of `backup.keep` keeps, and the objects that only they named. */
export async function pruneBackups(context: BackupContext, request: PruneRequest): Promise<PruneResult> {
  const prune = () => askTargets<PruneRequest, PruneResult>(context, 'prune', request)
  return request.dry_run ? prune() : context.deployment.journal.record('backup-prune', prune)
}

/** Brings a backup from one target to another, whole and in the same bytes. */
export async function copyBackup(context: BackupContext, request: CopyRequest): Promise<CopyResult> {
  const { deployment } = context
  requireTargets(deployment, [request.from, request.to])
  if (request.from === request.to) throw sameTarget(request.from)
  const work = () => useTool<CopyResult>(context, { verb: 'copy', request, needsStores: false })
  const { id, from, to } = request
  return deployment.journal.record('backup-copy', work, { id, from, to })
}

/** Whether each target can be reached and written, and what is in it. */
export async function checkTargets(
  context: BackupContext,
  targets: string[] | null,
): Promise<CheckTargetResult> {
  return askTargets<CheckTargetRequest, CheckTargetResult>(context, 'check-target', { targets })
}

/** Refuses a name that no target has; CliError `target_unknown`. */
export function requireTargets({ config }: Deployment, names: readonly string[] | null): void {
  const known = config.backup.targets.map(({ name }) => name)
  const unknown = (names ?? []).find((name) => !known.includes(name))
  if (unknown === undefined) return
  throw new CliError({
    code: 'target_unknown',
    message: `There is no backup target "${unknown}".`,
    next: `Name one of: ${known.join(', ')}. They are in vetrai.yml, backup.targets.`,
    exitCode: 2,
  })
}

async function askTargets<Request extends { targets: string[] | null }, Result>(
  context: BackupContext,
  verb: string,
  request: Request,
): Promise<Result> {
  requireTargets(context.deployment, request.targets)
  return useTool(context, { verb, request, needsStores: false })
}

function targetOf(source: { target?: string } | { file: string }): string[] | null {
  return 'target' in source && source.target !== undefined ? [source.target] : null
}

function sameTarget(name: string): CliError {
  return new CliError({
    code: 'usage',
    message: `Both --from and --to name ${name}.`,
    next: 'Name two targets; see them with: vetrai backup targets',
    exitCode: 2,
  })
}
