import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { isSystemError } from './errors.js'

/** What came of trying to listen: `foreign` is an address of another host, `denied` a port this user may not take. */
export type PortState = 'free' | 'taken' | 'denied' | 'foreign'

/** From here to where the ports of outgoing connections begin few programs have a fixed one. */
const LOWEST = 20_000
/** Where those begin on Linux unless it is told otherwise. */
const USUAL_RANGE = 32_768

/**
 * Finds a TCP port that is free on this address now and stays so while nobody listens: it lies below those that the system
 * gives to outgoing connections, any of which would keep a server from starting again at its port.
 */
export async function findFreePort(host = '127.0.0.1'): Promise<number> {
  const end = await startOfOutgoing()
  for (let tries = 0; end > LOWEST && tries < 100; tries++) {
    const port = randomInt(LOWEST, end)
    if (await isPortFree(port, host)) return port
  }
  return systemsChoice(host)
}

async function startOfOutgoing(): Promise<number> {
  const text = await readFile('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').catch(() => '')
  return Number(text.split(/\s/)[0]) || USUAL_RANGE
}

function systemsChoice(host: string): Promise<number> {
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
