/** The few variables of the operator's environment that the embedded runtime heeds; the only reader here. */
export function hostEnv(): { path: string; xdgCacheHome?: string; xdgRuntimeDir?: string } {
  const { PATH, XDG_CACHE_HOME, XDG_RUNTIME_DIR } = process.env
  return {
    path: PATH || '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    ...(XDG_CACHE_HOME?.startsWith('/') && { xdgCacheHome: XDG_CACHE_HOME }),
    ...(XDG_RUNTIME_DIR?.startsWith('/') && { xdgRuntimeDir: XDG_RUNTIME_DIR }),
  }
}

/** Environment for helper programs: no secrets, no surprises from the operator's shell. */
export function plainEnv(extra: Record<string, string> = {}): Record<string, string> {
  return { PATH: hostEnv().path, LC_ALL: 'C', TZ: 'UTC', ...extra }
}
