import { generateKeyPairSync } from 'node:crypto'
import { expect } from 'chai'
import type { SMTPServerOptions } from 'smtp-server'
import { receiveMail, refuseRecipients, type SmtpReceiver } from '../../test/smtp-receiver.js'
import { verifyDkim } from '../../test/verify-dkim.js'
import { readReference } from './delivery-reference.js'
import { createMailer, MailError, type Mailer, type MailerOptions } from './mail.js'

const KEY = Buffer.alloc(32, 3)
const delivery = {
  tenantId: '01990f6e-5f0e-7000-8000-000000000001',
  deliveryId: '01990f6e-5f0e-7000-8000-000000000002',
}
const message = {
  to: 'ada@example.com',
  subject: 'Your invoice',
  text: 'It is attached.',
  html: '<p>It is attached.</p>',
  delivery,
  headers: {
    'List-Unsubscribe': '<https://x.example/u>',
    'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
  },
}

const silent = { info: () => {}, warn: () => {}, error: () => {} }
const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function serve(options?: SMTPServerOptions): Promise<SmtpReceiver> {
  const receiver = await receiveMail(options)
  closers.push(() => receiver.stop())
  return receiver
}

function mailerOf(
  first: SmtpReceiver,
  { second, ...options }: Partial<MailerOptions> & { second?: SmtpReceiver } = {},
): Mailer {
  const server = ({ port }: SmtpReceiver) => ({ host: '127.0.0.1', port, timeoutMs: 700 })
  const made = createMailer({
    from: 'Acme <no-reply@acme.example>',
    log: silent,
    referenceKey: KEY,
    mailboxPath: '/nonexistent',
    smtp: server(first),
    ...(second ? { fallback: server(second) } : {}),
    ...options,
  })
  closers.push(() => made.close())
  return made
}

async function failureOf(work: Promise<unknown>): Promise<MailError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (error instanceof MailError) return error
  throw new Error(`expected a MailError, got ${String(error)}`)
}

const headerOf = (source: string, name: string) =>
  new RegExp(`^${name}:((?:[^\\r]|\\r\\n[ \\t])*)`, 'im').exec(source)?.[1]?.replace(/\s+/g, ' ').trim()

describe('mails of deliveries', () => {
  it('have an envelope sender of their own, which names the delivery and cannot be made up', async () => {
    const receiver = await serve()
    await mailerOf(receiver, { bounceDomain: 'bounces.acme.example' }).send(message)
    const [mail] = receiver.received
    const [local = '', domain] = (mail?.from ?? '').split('@')
    expect(domain).to.equal('bounces.acme.example')
    expect(readReference(KEY, local, ['ada@example.com'])).to.include(delivery)
    expect(readReference(KEY, local, ['eve@example.com'])).to.equal(null)
    expect(mail?.source).to.match(/^From: Acme <no-reply@acme\.example>/m)
  })

  it('bounce to the sender where no domain takes bounces', async () => {
    const receiver = await serve()
    await mailerOf(receiver).send(message)
    expect(receiver.received[0]?.from).to.equal('no-reply@acme.example')
  })

  it('look the same when they are repeated, and different for another delivery', async () => {
    const receiver = await serve()
    const mailer = mailerOf(receiver)
    const { messageId } = await mailer.send(message)
    expect((await mailer.send(message)).messageId).to.equal(messageId)
    const other = { ...delivery, deliveryId: '01990f6e-5f0e-7000-8000-000000000003' }
    expect((await mailer.send({ ...message, delivery: other })).messageId).not.to.equal(messageId)
    expect(messageId).to.match(/^<[a-z2-7]{63}@acme\.example>$/)
    expect(headerOf(receiver.received[0]?.source ?? '', 'Message-ID')).to.equal(messageId)
    expect(`<${headerOf(receiver.received[0]?.source ?? '', 'X-Delivery')}@acme.example>`).to.equal(messageId)
  })

  it('are told apart when they belong to no delivery', async () => {
    const receiver = await serve()
    const mailer = mailerOf(receiver)
    const { delivery: _none, ...account } = message
    expect((await mailer.send(account)).messageId).not.to.equal((await mailer.send(account)).messageId)
  })

  it('are signed so that anybody with the public key can verify them, unsubscription included', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const receiver = await serve()
    const dkim = {
      domain: 'acme.example',
      selector: 'vetrai',
      privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    }
    await mailerOf(receiver, { dkim }).send({ ...message, subject: `Grüße  an\u00a0alle ${'x'.repeat(120)}` })
    const source = receiver.received[0]?.source ?? ''
    const verdict = verifyDkim(source, publicKey)
    expect(verdict).to.include({ domain: 'acme.example', selector: 'vetrai', holds: true })
    expect(verdict?.covered).to.include.members([
      ...['from', 'to', 'subject', 'date', 'message-id', 'content-type'],
      ...['list-unsubscribe', 'list-unsubscribe-post'],
    ])
    for (const changed of [
      source.replace('https://x.example/u', 'https://evil.example/u'),
      source.replace('no-reply@acme', 'no-reply@acne'),
      source.replace('attached', 'detached'),
    ]) {
      expect(verifyDkim(changed, publicKey)?.holds, 'a change was not noticed').to.equal(false)
    }
  })
})

describe('two mail servers', () => {
  it('take turns only when the first is away or puts a message off', async () => {
    const [first, second] = [await serve(), await serve()]
    const mailer = mailerOf(first, { second })
    await mailer.send(message)
    expect([first.received.length, second.received.length]).to.deep.equal([1, 0])
    await first.stop()
    await mailer.send(message)
    const greylisting = await serve(refuseRecipients('451 4.7.1 Greylisted'))
    await mailerOf(greylisting, { second }).send(message)
    expect(second.received).to.have.length(2)
    const ids = [...first.received, ...second.received].map(({ source }) => headerOf(source, 'Message-ID'))
    expect(new Set(ids).size, 'copies must look the same').to.equal(1)
  })

  it('take one message, of no delivery, under one name', async () => {
    const names: (string | undefined)[] = []
    const first = await serve({
      onData: (stream, _session, done) => {
        const pieces: Buffer[] = []
        stream.on('data', (piece: Buffer) => pieces.push(piece))
        stream.on('end', () => {
          names.push(headerOf(Buffer.concat(pieces).toString(), 'Message-ID'))
          done(Object.assign(new Error('4.3.0 Try later'), { responseCode: 451 }))
        })
      },
    })
    const second = await serve()
    const { delivery: _none, ...account } = message
    await mailerOf(first, { second }).send(account)
    names.push(headerOf(second.received[0]?.source ?? '', 'Message-ID'))
    expect(names[0]).to.be.a('string').and.equal(names[1])
  })

  it('are not asked one after the other for what the first refused for good', async () => {
    const [first, second] = [await serve(refuseRecipients('550 5.1.1 User unknown')), await serve()]
    const error = await failureOf(mailerOf(first, { second }).send(message))
    expect(error).to.include({
      code: 'outbound.mail_refused',
      isTemporary: false,
      deadAddress: 'hard_bounce',
    })
    expect(second.received).to.deep.equal([])
  })

  it('cost no time-outs once the first is known to be away', async () => {
    let connections = 0
    const first = await serve({
      onConnect: (_session, done) => {
        connections += 1
        done(Object.assign(new Error('no service'), { responseCode: 554 }))
      },
    })
    const second = await serve()
    const mailer = mailerOf(first, { second })
    for (let i = 0; i < 8; i += 1) await mailer.send(message)
    expect(second.received).to.have.length(8)
    expect(connections).to.equal(5)
  })
})

describe('what a mail server refuses', () => {
  it('waits for the operator where it is the sender', async () => {
    const receiver = await serve({
      onMailFrom: (_from, _session, done) =>
        done(Object.assign(new Error('5.1.8 Bad sender'), { responseCode: 550 })),
    })
    const error = await failureOf(mailerOf(receiver).send(message))
    expect(error).to.include({ code: 'outbound.mail_unavailable', isTemporary: true, deadAddress: undefined })
  })

  it('condemns no address where it is the content', async () => {
    const receiver = await serve({
      onData: (stream, _session, done) => {
        stream.resume()
        stream.on('end', () => done(Object.assign(new Error('5.7.1 Spam'), { responseCode: 550 })))
      },
    })
    const error = await failureOf(mailerOf(receiver).send(message))
    expect(error).to.include({ code: 'outbound.mail_refused', isTemporary: false, deadAddress: undefined })
  })

  it('is tried again after a connection that was dropped in the middle', async () => {
    const receiver = await serve({
      // Takes the message and never says so.
      onData: (stream) => void stream.resume(),
      socketTimeout: 200,
    })
    const error = await failureOf(mailerOf(receiver).send(message))
    expect(error.isTemporary).to.equal(true)
  })
})

describe('the list of dead addresses', () => {
  const listOf = (dead: string[]) => {
    const added: string[][] = []
    const list = {
      has: async (address: string) => dead.includes(address),
      add: async (...entry: string[]) => void added.push(entry),
    }
    return { list, added }
  }

  it('keeps mails about accounts from addresses that are on it', async () => {
    const receiver = await serve()
    const mailer = mailerOf(receiver)
    mailer.keepFrom(listOf(['ada@example.com']).list)
    const error = await failureOf(mailer.send(message))
    expect(error).to.include({ code: 'outbound.mail_suppressed', isTemporary: false })
    await mailer.send({ ...message, to: 'bob@example.com' })
    expect(receiver.received.map(({ to }) => to)).to.deep.equal([['bob@example.com']])
  })

  it('grows by what a server says does not exist, and by nothing else', async () => {
    const { list, added } = listOf([])
    for (const reply of ['550 5.1.1 Unknown', '550 5.7.1 Blocked', '451 4.2.2 Full']) {
      const mailer = mailerOf(await serve(refuseRecipients(reply)))
      mailer.keepFrom(list)
      await failureOf(mailer.send(message))
    }
    expect(added).to.deep.equal([['ada@example.com', 'hard_bounce', 'smtp']])
  })
})
