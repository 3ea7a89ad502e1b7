/** Where programs are on nearly every system. */
export const STANDARD_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** The few variables of the operator's environment that the embedded runtime heeds; the only reader here. */
export function hostEnv(): HostEnv {
  const { PATH, HOME, XDG_CACHE_HOME, XDG_RUNTIME_DIR } = process.env
  return {
    path: PATH || STANDARD_PATH,
    ...(HOME?.startsWith('/') && { home: HOME }),
    ...(XDG_CACHE_HOME?.startsWith('/') && { xdgCacheHome: XDG_CACHE_HOME }),
    ...(XDG_RUNTIME_DIR?.startsWith('/') && { xdgRuntimeDir: XDG_RUNTIME_DIR }),
  }
}

interface HostEnv {
  path: string
  home?: string
  xdgCacheHome?: string
  xdgRuntimeDir?: string
}

/** Environment for helper programs: no secrets, no surprises from the operator's shell. */
export function plainEnv(extra: Record<string, string> = {}): Record<string, string> {
  return { PATH: hostEnv().path, LC_ALL: 'C', TZ: 'UTC', ...extra }
}

/** Environment of another command line of ours: it finds what this one finds, and gets no setting of its own. */
export function operatorEnv(): Record<string, string> {
  const { home, xdgCacheHome, xdgRuntimeDir } = hostEnv()
  return plainEnv({
    ...(home !== undefined && { HOME: home }),
    ...(xdgCacheHome !== undefined && { XDG_CACHE_HOME: xdgCacheHome }),
    ...(xdgRuntimeDir !== undefined && { XDG_RUNTIME_DIR: xdgRuntimeDir }),
  })
}

/** Environment of what is kept running: the same from any shell, cron or systemd, or an `up` there would restart everything. */
export function childEnv(extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  return { PATH: STANDARD_PATH, LC_ALL: 'C', TZ: 'UTC', ...extra }
}
