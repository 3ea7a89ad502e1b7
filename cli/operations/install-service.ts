import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { cronLine } from '../boot/cron-line.js'
import { describeUnit } from '../boot/describe-unit.js'
import { findUnits, readUnit } from '../boot/find-units.js'
import { renderUnit, unitName, unitOwner } from '../boot/unit.js'
import {
  defaultScope,
  findSystemd,
  type Scope,
  type Systemd,
  type SystemdOptions,
  unitFolder,
} from '../clients/systemd.js'
import { atomicWrite } from '../deployment/atomic-write.js'
import type { Deployment } from '../deployment/deployment.js'
import { CliError } from '../deployment/errors.js'
import { during } from '../runtimes/during.js'
import type { Progress } from '../runtimes/runtime.js'
import { findInstalled, isActive, isEnabled, lingerHint } from './read-service.js'
import { removeUnit } from './uninstall-service.js'

/** What `service install` did. */
export interface InstallResult {
  /** False when the very unit was there and enabled, and nothing was done. */
  changed: boolean
  unit: string
  scope: Scope
  path: string
  active: boolean
  /** What is missing before it starts at boot; null when nothing is. */
  hint: string | null
  /** The unit itself. */
  text: string
}

/**
 * Has systemd bring the deployment up at boot and down at shutdown; with `now` it is started as well. Safe to repeat: where
 * the same unit is in place nothing is done. A unit of an earlier name of the deployment is replaced.
 */
export async function installService(
  deployment: Deployment,
  systemd: Systemd,
  { now, progress, options = {} }: { now: boolean; progress: Progress; options?: SystemdOptions },
): Promise<InstallResult> {
  await refuseSystemUnit(deployment, systemd, options)
  const unit = unitName(deployment.name)
  const path = join(systemd.folder, unit)
  const text = renderUnit(await describeUnit(deployment, systemd))
  await refuseForeignUnit(deployment, path, unit)

  const written = await writeUnits(deployment, systemd, { unit, path, text })
  const enabled = await enable(systemd, unit)
  const started = now && (await start(systemd, unit, progress))
  const changed = written || enabled || started
  if (changed) await deployment.journal.note('service install', { unit, scope: systemd.scope })
  const active = await isActive(systemd, unit)
  return { changed, unit, scope: systemd.scope, path, active, hint: await lingerHint(systemd.scope), text }
}

/** The unit that would be installed. Changes nothing, and needs no systemd. */
export async function previewService(deployment: Deployment): Promise<InstallResult> {
  const scope = defaultScope()
  const unit = unitName(deployment.name)
  const { version } = (await findSystemd({ scope })) ?? { version: 0 }
  const text = renderUnit(await describeUnit(deployment, { scope, version }))
  const path = join(unitFolder(scope), unit)
  return { changed: false, unit, scope, path, active: false, hint: null, text }
}

/** The running systemd; CliError `systemd_missing` (exit 3) says what to do where another init runs. */
export async function requireSystemd(deployment: Deployment, options: SystemdOptions = {}): Promise<Systemd> {
  const systemd = await findSystemd(options)
  if (systemd) return systemd
  throw new CliError({
    code: 'systemd_missing',
    message: 'systemd does not run here, so it cannot start the deployment at boot.',
    next: `Where there is cron, add this line by \`crontab -e\`:\n${cronLine(deployment)}`,
    exitCode: 3,
  })
}

/** Without root, the unit of the system that starts a deployment can be seen and not changed: a second one would fight it. */
async function refuseSystemUnit(
  deployment: Deployment,
  systemd: Systemd,
  options: SystemdOptions,
): Promise<void> {
  const found = systemd.scope === 'user' ? await findInstalled(deployment, options) : undefined
  if (found?.systemd.scope !== 'system') return
  throw new CliError({
    code: 'unit_exists',
    message: `The system itself starts this deployment already, by ${found.file.path}.`,
    next: `Write that one anew with: sudo vetrai service install --dir ${deployment.dir}`,
    exitCode: 4,
  })
}

async function refuseForeignUnit(deployment: Deployment, path: string, unit: string): Promise<void> {
  const there = await readUnit(path, unit)
  if (there === undefined || unitOwner(there.text) === deployment.id) return
  const whose =
    unitOwner(there.text) === undefined ? 'was not made by VetrAI' : 'belongs to another deployment'
  throw new CliError({
    code: 'unit_taken',
    message: `${path} ${whose}.`,
    next: 'Give this deployment another name (vetrai config set name NAME, before its first `up` with Docker), or remove that unit.',
    exitCode: 4,
  })
}

async function writeUnits(
  deployment: Deployment,
  systemd: Systemd,
  { unit, path, text }: { unit: string; path: string; text: string },
): Promise<boolean> {
  const mine = await findUnits(systemd.folder, deployment.id)
  for (const old of mine.filter(({ name }) => name !== unit)) await removeUnit(systemd, old)
  if (mine.some((file) => file.name === unit && file.text === text)) return false
  await mkdir(systemd.folder, { recursive: true })
  await atomicWrite(path, text, 0o644)
  await systemd.systemctl('daemon-reload').catch(async (error: unknown) => {
    // A unit that systemd has not read must not look like one that is in place.
    await rm(path, { force: true })
    throw error
  })
  return true
}

async function enable(systemd: Systemd, unit: string): Promise<boolean> {
  if (await isEnabled(systemd, unit)) return false
  await systemd.systemctl('enable', unit)
  return true
}

/** The unit runs `vetrai up`, which takes the time that takes. */
async function start(systemd: Systemd, unit: string, progress: Progress): Promise<boolean> {
  if (await isActive(systemd, unit)) return false
  await during(progress, `Start ${unit}`, () => systemd.systemctl('start', unit))
  return true
}
