import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isSystemError } from '../deployment/errors.js'
import { unitOwner } from './unit.js'

/** A unit file as it lies there. */
export interface UnitFile {
  name: string
  path: string
  text: string
}

/** The units of a deployment in a folder; more than one when the deployment was renamed. */
export async function findUnits(folder: string, id: string): Promise<UnitFile[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR', 'EACCES')) return []
    throw error
  })
  const ours = names.filter((name) => /^vetrai-.+\.service$/.test(name)).sort()
  const files = await Promise.all(ours.map((name) => readUnit(join(folder, name), name)))
  return files.filter((file) => file !== undefined).filter(({ text }) => unitOwner(text) === id)
}

/** One unit file; undefined when there is none or it may not be read. */
export async function readUnit(path: string, name: string): Promise<UnitFile | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined)
  return text === undefined ? undefined : { name, path, text }
}
