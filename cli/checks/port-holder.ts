import { readdir, readFile, readlink } from 'node:fs/promises'

/** A process that listens. The pid is null where the system hides it from this user. */
export interface PortHolder {
  pid: number | null
  name: string | null
}

const LISTENING = '0A'

/**
 * Finds who listens on a TCP port of this host (Linux: /proc/net/tcp and /proc/PID/fd); undefined when
 * nobody does or the system does not say.
 */
export async function portHolder(port: number): Promise<PortHolder | undefined> {
  const tables = await Promise.all(
    ['/proc/net/tcp', '/proc/net/tcp6'].map((path) => readFile(path, 'utf8').catch(() => '')),
  )
  const sockets = new Set(tables.flatMap((table) => listeningSockets(table, port)))
  if (sockets.size === 0) return undefined
  return (await processWith(sockets)) ?? { pid: null, name: null }
}

/** Inodes of the sockets that listen on a port, from the text of /proc/net/tcp. */
export function listeningSockets(table: string, port: number): string[] {
  return table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(
      ([, local = '', , state]) =>
        state === LISTENING && Number.parseInt(local.split(':')[1] ?? '', 16) === port,
    )
    .flatMap((columns) => columns[9] ?? [])
}

async function processWith(sockets: Set<string>): Promise<PortHolder | undefined> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  for (const pid of pids) {
    if (await holdsAny(pid, sockets)) return { pid: Number(pid), name: await nameOf(pid) }
  }
  return undefined
}

async function holdsAny(pid: string, sockets: Set<string>): Promise<boolean> {
  const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => [])
  for (const descriptor of descriptors) {
    const target = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => '')
    const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1]
    if (inode !== undefined && sockets.has(inode)) return true
  }
  return false
}

async function nameOf(pid: string): Promise<string | null> {
  return readFile(`/proc/${pid}/comm`, 'utf8').then(
    (name) => name.trim(),
    () => null,
  )
}
