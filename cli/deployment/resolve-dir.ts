import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { CONFIG_FILE } from './paths.js'

/**
 * Chooses the deployment directory: the `--dir` flag, then VETRAI_DIR, then the current folder if it
 * holds a vetrai.yml, then `~/.vetrai/default`. Absolute; it need not exist.
 */
export function resolveDeploymentDir(
  options: { flag?: string | undefined; env?: string | undefined; cwd?: string; home?: string } = {},
): string {
  const { flag, env, cwd = process.cwd(), home = homedir() } = options
  if (flag) return resolve(cwd, flag)
  if (env) return resolve(cwd, env)
  if (existsSync(join(cwd, CONFIG_FILE))) return cwd
  return join(home, '.vetrai', 'default')
}
