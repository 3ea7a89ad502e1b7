import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'
import { isSystemError } from './errors.js'

/** What came of trying to listen: `foreign` is an address of another host, `denied` a port this user may not take. */
export type PortState = 'free' | 'taken' | 'denied' | 'foreign'

/** Finds a TCP port the system says is free on this address now. */
export async function findFreePort(host = '127.0.0.1'): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen({ port: 0, host, exclusive: true }, () => {
      const address = probe.address()
      probe.close(() => {
        if (address !== null && typeof address === 'object') resolve(address.port)
        else reject(new Error('the system gave no port'))
      })
    })
  })
}

/** Tells whether a server could listen on this address and port now. */
export async function isPortFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  return (await portState(port, host)) === 'free'
}

/** Tries to listen on an address and port, and says what came of it. */
export async function portState(
  port: number,
  host: string,
  protocol: 'tcp' | 'udp' = 'tcp',
): Promise<PortState> {
  return new Promise((resolve) => {
    const settle = (error: unknown) => resolve(stateOf(error))
    if (protocol === 'udp') {
      const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
      socket.once('error', settle)
      socket.bind({ port, address: host, exclusive: true }, () => socket.close(() => resolve('free')))
      return
    }
    const probe = createServer()
    probe.once('error', settle)
    probe.listen({ port, host, exclusive: true }, () => probe.close(() => resolve('free')))
  })
}

function stateOf(error: unknown): PortState {
  if (isSystemError(error, 'EACCES', 'EPERM')) return 'denied'
  return isSystemError(error, 'EADDRNOTAVAIL', 'ENOTFOUND', 'EAI_AGAIN') ? 'foreign' : 'taken'
}
