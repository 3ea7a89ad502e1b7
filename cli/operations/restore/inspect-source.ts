import { identitiesIn } from '../../deployment/age-keys.js'
import type { Deployment } from '../../deployment/deployment.js'
import { CliError } from '../../deployment/errors.js'
import { openKit, type RecoveryKit } from '../../deployment/recovery-kit.js'
import type { ToolRequest } from '../../runtimes/backup-tool.js'
import { hostTool } from '../../runtimes/embedded/host-tool.js'
import type { Runtime } from '../../runtimes/runtime.js'
import type { InfoResult, Keys } from '../backup/protocol.js'
import { type RestoreSource, toolSource } from './restore-source.js'

/** A backup that was looked at before anything is changed. */
export interface InspectedBackup {
  info: InfoResult
  /** Its configuration and secrets; undefined where it has none, or nothing that was given opens them. */
  kit: RecoveryKit | undefined
}

/** Whom the backup is restored to, where that is there already. */
export interface Existing {
  deployment: Deployment
  runtime: Runtime
}

/** Looks at a backup. Only a deployment that is there has targets, and a key of its own. */
export async function inspectSource(
  source: RestoreSource,
  keys: Keys,
  existing?: Existing,
): Promise<InspectedBackup> {
  const { request, mounts } = toolSource(source)
  const ask = <R>(verb: string, more: object = {}) => {
    const tool: ToolRequest = { verb, request: { source: request, ...more }, mounts, needsStores: false }
    const isHere = existing === undefined || source.kind !== 'target'
    return (isHere ? hostTool(tool) : existing.runtime.tool(existing.deployment, tool)) as Promise<R>
  }
  const info = await ask<InfoResult>('info')
  const { kit } = await ask<{ kit: string | null }>('kit')
  if (kit === null) return { info, kit: undefined }
  const own = existing ? await existing.deployment.secrets.find('backup-key') : undefined
  const identities = [...(keys.identities ?? []), ...identitiesIn(own ?? '')]
  if (identities.length === 0) return { info, kit: undefined }
  try {
    return { info, kit: await openKit(Buffer.from(kit, 'base64'), identities) }
  } catch (error) {
    // Data alone can be restored where it was: the deployment has its configuration and secrets.
    const isSealed = error instanceof CliError && error.code === 'kit_sealed'
    if (isSealed && existing?.deployment.id === info.deployment.id) return { info, kit: undefined }
    throw error
  }
}
