import { spawn } from 'node:child_process'

/** Starts the browser of this desktop on a URL; false where there is no display or no way to start one. */
export async function openInBrowser(
  url: string,
  platform = process.platform,
  env = process.env,
): Promise<boolean> {
  const program = opener(platform, env)
  if (program === undefined) return false
  return new Promise((resolve) => {
    const child = spawn(program, [url], { detached: true, stdio: 'ignore' })
    child.once('error', () => resolve(false))
    child.once('spawn', () => {
      child.unref()
      resolve(true)
    })
  })
}

/** The program that opens a URL here; undefined on a host without a display. */
export function opener(platform: NodeJS.Platform, env: NodeJS.ProcessEnv): string | undefined {
  if (platform === 'darwin') return 'open'
  return env.DISPLAY || env.WAYLAND_DISPLAY ? 'xdg-open' : undefined
}
