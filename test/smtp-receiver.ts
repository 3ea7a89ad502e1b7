import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'

/** A mail as a server got it. */
export interface ReceivedMail {
  readonly from: string
  readonly to: string[]
  readonly source: string
  readonly isSecure: boolean
}

export interface SmtpReceiver {
  readonly port: number
  readonly received: ReceivedMail[]
  stop(): Promise<void>
}

/** A mail server on loopback that keeps what it takes. */
export async function receiveMail(options: SMTPServerOptions = {}): Promise<SmtpReceiver> {
  const received: ReceivedMail[] = []
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    logger: false,
    closeTimeout: 50,
    onData: (stream, session, done) => {
      const pieces: Buffer[] = []
      stream.on('data', (piece: Buffer) => pieces.push(piece))
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope
        received.push({
          from: mailFrom ? mailFrom.address : '',
          to: rcptTo.map((rcpt) => rcpt.address),
          source: Buffer.concat(pieces).toString(),
          isSecure: session.secure,
        })
        done()
      })
    },
    ...options,
  })
  server.on('error', () => {})
  server.listen(0, '127.0.0.1')
  await once(server.server, 'listening')
  return {
    port: (server.server.address() as AddressInfo).port,
    received,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

/** Answers RCPT with this reply, e.g. `550 5.1.1 User unknown`. */
export function refuseRecipients(reply: string): SMTPServerOptions {
  const [code = '', ...words] = reply.split(' ')
  return {
    onRcptTo: (_to, _session, done) =>
      done(Object.assign(new Error(words.join(' ')), { responseCode: Number(code) })),
  }
}
