import { readdir, readFile, readlink } from 'node:fs/promises'

/** The process that listens on a port. */
export interface PortHolder {
  pid: number
  name: string
}

const LISTENING = '0A'

/**
 * Finds the process that listens on a TCP port of this host. Undefined when nobody does, when it
 * belongs to a user whose processes may not be inspected, or where there is no /proc.
 */
export async function findPortHolder(port: number): Promise<PortHolder | undefined> {
  const inodes = await listeningInodes(port)
  if (inodes.size === 0) return undefined
  for (const entry of await readdir('/proc')) {
    if (/^\d+$/.test(entry) && (await holdsOne(entry, inodes))) {
      const name = (await readFile(`/proc/${entry}/comm`, 'utf8').catch(() => '')).trim()
      return { pid: Number(entry), name: name || 'unknown' }
    }
  }
  return undefined
}

/**
 * Tells whether a process itself listens on a TCP port; undefined where the system does not tell. Asks
 * about one process only, so it is cheap enough to ask often.
 */
export async function listensOn(pid: number, port: number): Promise<boolean | undefined> {
  const inodes = await listeningInodes(port)
  return inodes.size === 0 ? undefined : holdsOne(String(pid), inodes)
}

/** Tells whether anybody listens on a TCP port of this host; says nothing of who. */
export async function isListenedOn(port: number): Promise<boolean> {
  return (await listeningInodes(port)).size > 0
}

/** Says who holds a port, in words: `process 123 (nginx)`. */
export async function describePortHolder(port: number): Promise<string> {
  const holder = await findPortHolder(port)
  return holder ? `process ${holder.pid} (${holder.name})` : 'another program'
}

async function listeningInodes(port: number): Promise<Set<string>> {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0')
  const inodes = new Set<string>()
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    const text = await readFile(table, 'utf8').catch(() => '')
    for (const line of text.split('\n').slice(1)) {
      const [, local = '', , state, , , , , , inode] = line.trim().split(/\s+/)
      if (state === LISTENING && local.endsWith(`:${wanted}`) && inode) inodes.add(`socket:[${inode}]`)
    }
  }
  return inodes
}

async function holdsOne(pid: string, inodes: Set<string>): Promise<boolean> {
  const folder = `/proc/${pid}/fd`
  const descriptors = await readdir(folder).catch(() => [])
  for (const descriptor of descriptors) {
    const target = await readlink(`${folder}/${descriptor}`).catch(() => '')
    if (inodes.has(target)) return true
  }
  return false
}
