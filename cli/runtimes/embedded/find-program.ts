import { access, constants } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { hostEnv } from './host-env.js'

/** A program by its path: the first on the PATH of which `fits` holds; undefined where there is none. */
export async function findProgram(
  name: string,
  {
    path = hostEnv().path,
    fits = async () => true,
  }: { path?: string; fits?: (path: string) => Promise<boolean> } = {},
): Promise<string | undefined> {
  for (const folder of path.split(delimiter).filter((one) => one.startsWith('/'))) {
    const file = join(folder, name)
    if ((await isExecutable(file)) && (await fits(file))) return file
  }
  return undefined
}

function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  )
}
