import { lookup } from 'node:dns/promises'
import { connect, isIP, type Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type SMTPConnection from 'nodemailer/lib/smtp-connection'

const TIME_LIMIT_MS = 10_000

/** The operator's mail server, as vetrai.yml and its secret describe it. */
export interface SmtpServer {
  host: string
  port: number
  /** TLS from the first byte. */
  secure: boolean
  user?: string | undefined
  password?: string | undefined
  /** Further certificate authorities (PEM). */
  ca?: readonly string[] | undefined
  /** Silence after which nothing more is waited for; ten seconds unless told otherwise. */
  timeoutMs?: number | undefined
}

/** `tls`: from the first byte. `starttls`: nothing goes on without it. `optional`: taken when it is offered. */
export type SmtpSecurity = 'tls' | 'starttls' | 'optional'

/** What was agreed on, and what the server showed. */
export interface TlsFacts {
  protocol: string
  subject: string
  issuer: string
  validTo: string
  /** Node's code for what is wrong with the certificate; undefined when it is good. */
  problem: string | undefined
}

/** A connection on which server and client have greeted each other; nothing secret was said yet. */
export interface SmtpSession {
  /** Undefined where nothing is encrypted. */
  tls: TlsFacts | undefined
  /** Ways to sign in that the server offers. */
  methods: string[]
  /** Bytes of the largest mail it takes; undefined where it does not say. */
  maxSize: number | undefined
  signIn(user: string, password: string): Promise<void>
  /** Sends a whole message; resolves with the server's reply. */
  send(envelope: { from: string; to: string }, message: Buffer): Promise<string>
  end(): void
}

/** How the server program would speak to this mail server: passwords cross no network in the clear. */
export function smtpSecurity({
  host,
  port,
  secure,
}: Pick<SmtpServer, 'host' | 'port' | 'secure'>): SmtpSecurity {
  if (secure || port === 465) return 'tls'
  const isLoopback = host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
  return isLoopback ? 'optional' : 'starttls'
}

/** Addresses of a host; rejects with the system's error where there are none. */
export async function resolveHost(host: string): Promise<string[]> {
  const found = await lookup(host, { all: true })
  return [...new Set(found.map(({ address }) => address))]
}

/** A TCP connection; rejects with the system's error, `ETIMEDOUT` after the time limit. */
export async function openSocket({ host, port, timeoutMs = TIME_LIMIT_MS }: SmtpServer): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port })
    const timer = setTimeout(() => {
      socket.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' }))
    }, timeoutMs)
    socket.once('error', (error) => {
      clearTimeout(timer)
      reject(error)
    })
    socket.once('connect', () => {
      clearTimeout(timer)
      socket.removeAllListeners('error')
      resolve(socket)
    })
  })
}

/**
 * Greets over a connection and agrees on TLS as `smtpSecurity` has it. A certificate that is no good does not reject: it is
 * reported, and it is for the caller to say nothing secret then.
 */
export async function greet(server: SmtpServer, socket: Socket): Promise<SmtpSession> {
  const { default: Connection } = await import('nodemailer/lib/smtp-connection')
  const security = smtpSecurity(server)
  const { timeoutMs = TIME_LIMIT_MS } = server
  const connection = new Connection({
    host: server.host,
    port: server.port,
    connection: socket,
    secure: security === 'tls',
    requireTLS: security === 'starttls',
    tls: {
      minVersion: 'TLSv1.2',
      rejectUnauthorized: false,
      ...(server.ca && { ca: [...server.ca] }),
    },
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    socketCloseTimeout: 500,
  })
  await answered(connection, (done) => connection.connect(done))
  const greeting = connection.lastServerResponse || ''
  return {
    tls: connection._socket instanceof TLSSocket ? tlsFacts(connection._socket) : undefined,
    methods: /^250[ -]AUTH[ =](.+)$/im.exec(greeting)?.[1]?.trim().split(/\s+/) ?? [],
    maxSize: Number(/^250[ -]SIZE (\d+)/im.exec(greeting)?.[1] ?? 0) || undefined,
    signIn: (user, pass) => answered(connection, (done) => connection.login({ user, pass }, done)),
    send: async ({ from, to }, message) => {
      let reply = ''
      await answered(connection, (done) =>
        connection.send({ from, to: [to] }, message, (error, info) => {
          reply = info?.response ?? ''
          done(error)
        }),
      )
      return reply
    },
    end: () => {
      connection.quit()
      // A server that does not answer that must not keep anybody waiting.
      setTimeout(() => connection.close(), 500).unref()
    },
  }
}

/** Waits for one answer; errors of the connection itself reach us as an event, and may come later too. */
function answered(
  connection: SMTPConnection,
  ask: (done: (error?: Error | null) => void) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    connection.on('error', reject)
    connection.once('end', () => reject(new Error('the server hung up')))
    ask((error) => (error ? reject(error) : resolve()))
  })
}

function tlsFacts(socket: TLSSocket): TlsFacts {
  const { subject, issuer, valid_to } = socket.getPeerCertificate()
  return {
    protocol: socket.getProtocol() ?? 'unknown',
    subject: nameOf(subject),
    issuer: nameOf(issuer),
    validTo: valid_to ? new Date(valid_to).toISOString() : '',
    problem: socket.authorized ? undefined : String(socket.authorizationError ?? 'unknown'),
  }
}

function nameOf(name: { CN?: string | string[]; O?: string | string[] } | undefined): string {
  const value = name?.CN ?? name?.O ?? 'nobody'
  return Array.isArray(value) ? value.join(', ') : value
}
