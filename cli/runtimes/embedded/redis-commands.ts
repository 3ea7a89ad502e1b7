import { connect } from 'node:net'

/** Where a private Redis listens and its password. */
export interface RedisAddress {
  host: string
  port: number
  password: string
}

/**
 * Sends one command (after AUTH) and gives the first line of its answer, such as `+PONG`. Undefined
 * when nothing answers within `timeoutMs` or the server closes, as SHUTDOWN makes it do.
 */
export async function redisCommand(
  { host, port, password }: RedisAddress,
  command: string[],
  timeoutMs = 2_000,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port })
    let text = ''
    const settle = (answer: string | undefined) => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(timeoutMs, () => settle(undefined))
    socket.once('error', () => settle(undefined))
    socket.once('close', () => settle(undefined))
    socket.once('connect', () => socket.write(encode(['AUTH', password]) + encode(command)))
    socket.setEncoding('utf8').on('data', (data: string) => {
      text += data
      const [login, answer, rest] = text.split('\r\n')
      if (login?.startsWith('-') && answer !== undefined) settle(login)
      else if (answer !== undefined && rest !== undefined) settle(answer)
    })
  })
}

/** Tells whether Redis answers PING: not while it still loads its file. */
export async function probeRedis(address: RedisAddress): Promise<boolean> {
  return (await redisCommand(address, ['PING'])) === '+PONG'
}

function encode(parts: string[]): string {
  return `*${parts.length}\r\n${parts.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`).join('')}`
}
