import { connect } from 'node:net'

/**
 * Asks a PostgreSQL on loopback whether it takes connections, by the first message of protocol 3.0.
 * `starting` while it recovers, `down` when nothing answers within `timeoutMs`. Needs no password and
 * leaves no line in the log.
 */
export async function probePostgres(
  address: { host: string; port: number },
  timeoutMs = 2_000,
): Promise<'ready' | 'starting' | 'down'> {
  return new Promise((resolve) => {
    const socket = connect(address)
    const settle = (answer: 'ready' | 'starting' | 'down') => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(timeoutMs, () => settle('down'))
    socket.once('error', () => settle('down'))
    socket.once('close', () => settle('down'))
    socket.once('connect', () => socket.write(startupMessage()))
    // `R` asks for authentication: the server serves. Anything else is an error: it starts or is full.
    socket.once('data', (data) => settle(data[0] === 0x52 ? 'ready' : 'starting'))
  })
}

function startupMessage(): Buffer {
  const fields = Buffer.from('user\0postgres\0database\0postgres\0\0', 'latin1')
  const head = Buffer.alloc(8)
  head.writeInt32BE(fields.length + 8, 0)
  head.writeInt32BE(196_608, 4)
  return Buffer.concat([head, fields])
}
