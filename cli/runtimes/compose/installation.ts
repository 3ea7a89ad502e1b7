import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Root of this installation of VetrAI, where compose/, package.json and the sources are. */
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', '..')

/** A text file below compose/ of this installation. */
export function composeAsset(path: string): Promise<string> {
  return readFile(join(ROOT, 'compose', path), 'utf8')
}

/** Version of this installation. */
export async function installedVersion(): Promise<string> {
  return (JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string }).version
}
