import { access, constants, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { findUnits, type UnitFile } from '../boot/find-units.js'
import { target } from '../boot/unit.js'
import {
  defaultScope,
  findSystemd,
  type Scope,
  type Systemd,
  type SystemdOptions,
  unitFolder,
} from '../clients/systemd.js'
import type { Deployment } from '../deployment/deployment.js'
import { CliError } from '../deployment/errors.js'

/** Units of a deployment that were taken away. */
export interface UninstallServiceResult {
  changed: boolean
  removed: string[]
}

/**
 * Has systemd start the deployment no more; what runs goes on, unless `now` stops it first. Works where systemd does not
 * run, too. Safe to repeat. CliError `unit_not_yours` (exit 4) before anything is done where a unit of the system would stay.
 */
export async function uninstallService(
  deployment: Deployment,
  { now = false, ...options }: SystemdOptions & { now?: boolean } = {},
): Promise<UninstallServiceResult> {
  const found = await removableUnits(deployment, options)
  for (const { scope, file } of found) {
    const systemd = await findSystemd({ ...options, scope })
    if (systemd) await retire(systemd, file, now)
    else await removeFiles(file, scope)
  }
  const removed = found.map(({ file }) => file.path)
  if (removed.length > 0) await deployment.journal.note('service uninstall', { units: removed })
  return { changed: removed.length > 0, removed }
}

/** The units of a deployment that this user may remove; CliError `unit_not_yours` when there is one besides. */
export async function removableUnits(
  { id, dir }: Deployment,
  options: SystemdOptions = {},
): Promise<{ scope: Scope; file: UnitFile }[]> {
  const scopes: Scope[] = defaultScope() === 'system' ? ['system'] : ['system', 'user']
  const found = await Promise.all(
    (options.scope ? [options.scope] : scopes).map(async (scope) => {
      const files = await findUnits(options.folder ?? unitFolder(scope), id)
      return files.map((file) => ({ scope, file }))
    }),
  )
  for (const { file } of found.flat()) {
    if (await mayRemove(file.path)) continue
    throw new CliError({
      code: 'unit_not_yours',
      message: `${file.path} starts this deployment, and only root can remove it.`,
      next: `Remove it first: sudo vetrai service uninstall --dir ${dir}`,
      exitCode: 4,
    })
  }
  return found.flat()
}

/** A systemd that does not answer, such as that of a user without a session, runs nothing: its files are all there is. */
async function retire(systemd: Systemd, file: UnitFile, now: boolean): Promise<void> {
  try {
    if (now) await systemd.systemctl('stop', file.name)
    await removeUnit(systemd, file)
  } catch (error) {
    if (!(error instanceof CliError && error.code === 'systemd_unreachable')) throw error
    await removeFiles(file, systemd.scope)
  }
}

/** Takes one unit away; whatever it started goes on. */
export async function removeUnit(systemd: Systemd, file: UnitFile): Promise<void> {
  await systemd.systemctl('disable', file.name)
  await removeFiles(file, systemd.scope)
  await systemd.systemctl('daemon-reload')
  // One that failed would be listed until the next boot.
  await systemd.ask('reset-failed', file.name)
}

async function removeFiles({ name, path }: UnitFile, scope: Scope): Promise<void> {
  await rm(join(dirname(path), `${target({ scope })}.wants`, name), { force: true })
  await rm(path, { force: true })
}

function mayRemove(path: string): Promise<boolean> {
  return access(dirname(path), constants.W_OK).then(
    () => true,
    () => false,
  )
}
