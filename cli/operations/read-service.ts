import { describeUnit } from '../boot/describe-unit.js'
import { findUnits, type UnitFile } from '../boot/find-units.js'
import { renderUnit, unitName } from '../boot/unit.js'
import {
  defaultScope,
  findSystemd,
  lingers,
  type Scope,
  type Systemd,
  type SystemdOptions,
  unitFolder,
} from '../clients/systemd.js'
import type { Deployment } from '../deployment/deployment.js'

/** How a deployment is started at boot by systemd. */
export interface ServiceStatus {
  unit: string
  scope: Scope
  /** Where the unit is, or would be. */
  path: string
  installed: boolean
  /** systemd starts it at boot. */
  enabled: boolean
  /** systemd has started it and would stop it. */
  active: boolean
  /** False when `vetrai service install` would write another unit; null where there is none. */
  current: boolean | null
  /** All that starting at boot takes is there. */
  starts_at_boot: boolean
  /** What is missing; null when nothing is. */
  hint: string | null
}

/** Looks for the unit of the system first, then for one of this user. Changes nothing. */
export async function readService(
  deployment: Deployment,
  systemd: Systemd,
  options: SystemdOptions = {},
): Promise<ServiceStatus> {
  const found = (await findInstalled(deployment, options)) ?? { systemd, file: undefined }
  const { file } = found
  const { scope, folder } = found.systemd
  const unit = file?.name ?? unitName(deployment.name)
  const [enabled, active] = await Promise.all([
    file !== undefined && isEnabled(found.systemd, unit),
    file !== undefined && isActive(found.systemd, unit),
  ])
  const hint = await missing(file, enabled, scope)
  return {
    ...{ unit, scope, path: file?.path ?? `${folder}/${unit}` },
    ...{ installed: file !== undefined, enabled, active },
    current: file === undefined ? null : await isCurrent(deployment, found.systemd, file),
    starts_at_boot: hint === null,
    hint,
  }
}

/** The unit that starts a deployment, with the systemd it belongs to; undefined where there is none. */
export async function findInstalled(
  deployment: Deployment,
  options: SystemdOptions = {},
): Promise<{ systemd: Systemd; file: UnitFile } | undefined> {
  const scopes: Scope[] = defaultScope() === 'system' ? ['system'] : ['system', 'user']
  for (const scope of options.scope ? [options.scope] : scopes) {
    const [file] = await findUnits(options.folder ?? unitFolder(scope), deployment.id)
    const systemd = file && (await findSystemd({ ...options, scope }))
    if (file && systemd) return { systemd, file }
  }
  return undefined
}

export async function isEnabled(systemd: Systemd, unit: string): Promise<boolean> {
  return (await systemd.ask('is-enabled', unit)).startsWith('enabled')
}

export async function isActive(systemd: Systemd, unit: string): Promise<boolean> {
  return /^(active|activating|reloading)$/.test(await systemd.ask('is-active', unit))
}

/** What a user’s units need beside themselves; null when a user is not in question or has it. */
export async function lingerHint(scope: Scope): Promise<string | null> {
  if (scope === 'system' || (await lingers())) return null
  return 'Units of a user start at sign-in and end with the last session. From boot on: loginctl enable-linger'
}

async function missing(file: UnitFile | undefined, enabled: boolean, scope: Scope): Promise<string | null> {
  if (file === undefined || !enabled) return 'Have systemd start it at boot: vetrai service install'
  return lingerHint(scope)
}

async function isCurrent(deployment: Deployment, systemd: Systemd, file: UnitFile): Promise<boolean> {
  if (file.name !== unitName(deployment.name)) return false
  return file.text === renderUnit(await describeUnit(deployment, systemd))
}
