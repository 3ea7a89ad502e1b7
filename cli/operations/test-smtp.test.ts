import { createServer, type Server, type Socket } from 'node:net'
import { expect } from 'chai'
import type { SMTPServerOptions } from 'smtp-server'
import { LOCALHOST_CERTIFICATE, LOCALHOST_KEY } from '../../test/localhost-certificate.js'
import { receiveMail } from '../../test/smtp-receiver.js'
import { type SmtpServer, smtpSecurity } from '../clients/smtp.js'
import { findFreePort } from '../deployment/free-port.js'
import { explainCertificate, explainConnect, explainSend, explainSignIn } from './explain-smtp.js'
import { type SmtpReport, type SmtpStep, testSmtp } from './test-smtp.js'

const PASSWORD = 'open sesame'
const TLS = { key: LOCALHOST_KEY, cert: LOCALHOST_CERTIFICATE }
const MAIL = { from: 'Shop <no-reply@shop.example>', to: 'ops@shop.example', deployment: 'shop' }

/** Takes `ops` with the password, and nobody else. */
const SIGN_IN: SMTPServerOptions = {
  authOptional: false,
  allowInsecureAuth: true,
  onAuth: ({ username, password }, _session, done) =>
    username === 'ops' && password === PASSWORD
      ? done(null, { user: username })
      : done(Object.assign(new Error('5.7.8 wrong words'), { responseCode: 535 })),
}

describe('the steps to a mail server', () => {
  const closers: (() => Promise<unknown>)[] = []
  afterEach(async () => {
    for (const close of closers.splice(0)) await close()
  })

  async function serve(options: SMTPServerOptions = {}) {
    const receiver = await receiveMail({ size: 10 * 1024 * 1024, ...options })
    closers.push(() => receiver.stop())
    return receiver
  }

  const server = (parts: Partial<SmtpServer> & { port: number }): SmtpServer => ({
    host: 'localhost',
    secure: false,
    ca: [LOCALHOST_CERTIFICATE],
    ...parts,
  })

  it('go to the end in the clear on this very host, and send nothing unless asked', async () => {
    const { port, received } = await serve()
    const report = await testSmtp(server({ host: '127.0.0.1', port }))
    expect(report).to.include({ ok: true, host: '127.0.0.1', port, security: 'optional', sent_to: null })
    expect(report.steps.map(({ name, level }) => `${name} ${level}`)).to.deep.equal([
      'resolve ok',
      'connect ok',
      'greet ok',
      'auth ok',
      'size ok',
    ])
    expect(step(report, 'greet').detail).to.include('not encrypted')
    expect(step(report, 'size').detail).to.equal('10 MiB')
    expect(received).to.deep.equal([])
  })

  it('take STARTTLS where it is offered, name the certificate and sign in', async () => {
    const { port } = await serve({ ...SIGN_IN, ...TLS, disabledCommands: [] })
    const report = await testSmtp(server({ port, user: 'ops', password: PASSWORD }))
    expect(report.ok, JSON.stringify(report)).to.equal(true)
    expect(step(report, 'greet').detail).to.match(/TLSv1\.[23]/)
    expect(step(report, 'certificate').detail).to.include('for localhost').and.include('until 2126-')
    expect(step(report, 'auth').detail).to.equal('as ops')
  })

  it('speak TLS from the first byte where that is configured', async () => {
    const { port } = await serve({ ...SIGN_IN, ...TLS, secure: true })
    const report = await testSmtp(server({ port, secure: true, user: 'ops', password: PASSWORD }))
    expect(report, JSON.stringify(report)).to.include({ ok: true, security: 'tls' })
  })

  it('send a test mail from mail.from when asked', async () => {
    const { port, received } = await serve({ ...SIGN_IN, ...TLS, disabledCommands: [] })
    const report = await testSmtp(server({ port, user: 'ops', password: PASSWORD }), MAIL)
    expect(report).to.include({ ok: true, sent_to: 'ops@shop.example' })
    expect(received).to.have.length(1)
    expect(received[0]).to.deep.include({
      from: 'no-reply@shop.example',
      to: ['ops@shop.example'],
      isSecure: true,
    })
    expect(received[0]?.source)
      .to.include('Subject: Test mail of shop')
      .and.include('From: Shop <no-reply@shop.example>')
      .and.include('Auto-Submitted: auto-generated')
  })

  it('never say the password to a server that nobody vouches for', async () => {
    const heard: unknown[] = []
    const { port } = await serve({
      ...TLS,
      disabledCommands: [],
      onAuth: (auth, _session, done) => {
        heard.push(auth)
        done(null, { user: 'x' })
      },
    })
    const target = { port, user: 'ops', password: PASSWORD }
    const unknown = await testSmtp(server({ ...target, ca: undefined }))
    expect(step(unknown, 'certificate')).to.include({ level: 'fail' })
    expect(step(unknown, 'certificate').detail).to.include('no authority known here')
    const misnamed = await testSmtp(server({ ...target, host: '127.0.0.1' }))
    expect(step(misnamed, 'certificate').detail).to.include('not for 127.0.0.1')
    expect(heard).to.deep.equal([])
    expect(misnamed.steps.some(({ name }) => name === 'auth')).to.equal(false)
  })

  it('say what a refused login needs, and never the password', async () => {
    const { port } = await serve(SIGN_IN)
    const report = await testSmtp(server({ port, user: 'ops', password: 'hunter2-canary' }))
    expect(report.ok).to.equal(false)
    expect(step(report, 'auth').detail).to.include('535').and.include('wrong words')
    expect(step(report, 'auth').remedy).to.include('secrets.smtp-password')
    expect(JSON.stringify(report)).not.to.include('hunter2-canary')
  })

  it('warn of half a login, and fail where the server takes none', async () => {
    const { port } = await serve({ disabledCommands: ['STARTTLS', 'AUTH'] })
    const half = await testSmtp(server({ port, user: 'ops' }))
    expect(half.ok).to.equal(true)
    expect(step(half, 'auth')).to.include({ level: 'warn' })
    const none = await testSmtp(server({ port, user: 'ops', password: PASSWORD }))
    expect(step(none, 'auth')).to.include({ level: 'fail' })
    expect(step(none, 'auth').remedy).to.include('mail.smtp.port 587')
  })

  it('tell TLS from the first byte and STARTTLS apart', async () => {
    const plain = await serve()
    const wrong = await testSmtp(server({ port: plain.port, secure: true }))
    expect(step(wrong, 'greet').remedy).to.include('mail.smtp.secure false')
    const implicit = await serve({ ...TLS, secure: true })
    const mute = await testSmtp(server({ port: implicit.port, timeoutMs: 500 }))
    expect(step(mute, 'greet').remedy).to.include('mail.smtp.secure true')
  })

  it('refuse TLS of yesterday', async () => {
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
    for (const secure of [true, false]) {
      const { port } = await serve({ ...TLS, ...old, secure, disabledCommands: [] })
      const report = await testSmtp(server({ port, secure }))
      expect(step(report, 'greet').detail).to.include('no TLS of today')
    }
  })

  it('go no further in the clear across a network', async () => {
    const { port } = await serve()
    // It leads to this host and is none of its loopback names.
    const report = await testSmtp(server({ port, host: '0.0.0.0' }))
    expect(report.security).to.equal('starttls')
    expect(step(report, 'greet').detail).to.include('offers no TLS')
    expect(step(report, 'greet').remedy).to.include('465')
  })

  it('say which port is refused, and which name is none', async () => {
    const refused = await testSmtp(server({ host: '127.0.0.1', port: await findFreePort() }))
    expect(refused.steps.map(({ name }) => name)).to.deep.equal(['resolve', 'connect'])
    expect(step(refused, 'connect').detail).to.include('refuses connections')
    const nowhere = await testSmtp(server({ host: 'mail.invalid', port: 587 }))
    expect(step(nowhere, 'resolve')).to.include({ level: 'fail' })
    expect(nowhere.steps).to.have.length(1)
  })

  it('hand on the words of a program that is no mail server', async () => {
    const { port } = await speak('HTTP/1.1 400 Bad Request\r\n\r\n')
    const report = await testSmtp(server({ host: '127.0.0.1', port }))
    expect(step(report, 'greet').detail).to.include('400 Bad Request')
    const { port: hangsUp } = await speak('')
    expect(step(await testSmtp(server({ port: hangsUp, host: '127.0.0.1' })), 'greet')).to.include({
      level: 'fail',
    })
  })

  it('have words for what cannot be made to happen here', () => {
    const blocked = explainConnect({ code: 'ETIMEDOUT' }, server({ host: 'mail.example', port: 25 }))
    expect(blocked.remedy).to.include('block port 25').and.include('587')
    expect(explainConnect({ code: 'ETIMEDOUT' }, server({ port: 587 })).remedy).to.include('firewall')
    expect(explainCertificate('CERT_HAS_EXPIRED', 'x').detail).to.include('expired')
    expect(explainSignIn({ response: '534-5.7.9 Application-specific password required' }).remedy).to.include(
      'app password',
    )
    expect(explainSend({ response: '550 5.7.1 Relaying denied' }).remedy).to.include('mail.from')
    expect(explainSend({ response: '530 5.7.0 Authentication required' }).remedy).to.include('mail.smtp.user')
  })

  it('are as strict as the server program is', () => {
    expect(smtpSecurity({ host: 'mail.example', port: 465, secure: false })).to.equal('tls')
    expect(smtpSecurity({ host: 'mail.example', port: 2465, secure: true })).to.equal('tls')
    expect(smtpSecurity({ host: 'mail.example', port: 587, secure: false })).to.equal('starttls')
    expect(smtpSecurity({ host: '127.0.0.1', port: 587, secure: false })).to.equal('optional')
  })

  /** A server that says one thing, or nothing, and hangs up. */
  async function speak(words: string): Promise<{ port: number }> {
    const sockets = new Set<Socket>()
    const speaker: Server = createServer((socket) => {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.end(words)
    })
    await new Promise<void>((resolve) => speaker.listen(0, '127.0.0.1', resolve))
    closers.push(async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => speaker.close(resolve))
    })
    const address = speaker.address()
    return { port: typeof address === 'object' && address ? address.port : 0 }
  }
})

function step({ steps }: SmtpReport, name: string): SmtpStep {
  const found = steps.find((one) => one.name === name)
  if (!found) throw new Error(`no step ${name}: ${JSON.stringify(steps)}`)
  return found
}
