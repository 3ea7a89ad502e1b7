import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import fc from 'fast-check'
import type { SMTPServerOptions } from 'smtp-server'
import { receiveMail } from '../../test/smtp-receiver.js'
import { createMailer, MailError, type Mailer, type SmtpOptions } from './mail.js'
import { checkMailAddress, checkMessage, maskAddress, parseSender } from './mail-message.js'
import { readMailbox } from './read-mailbox.js'

const logs: object[] = []
const record = (obj: object, msg: string) => void logs.push({ ...obj, msg })
const log = { info: record, warn: record, error: record }
const referenceKey = Buffer.alloc(32, 1)
const message = {
  to: 'ada@example.com',
  subject: 'Confirm your address',
  text: 'https://x.example/t?token=s3cr3t-canary',
}

const closers: (() => Promise<void> | void)[] = []
afterEach(async () => {
  logs.length = 0
  for (const close of closers.splice(0).reverse()) await close()
})

describe('mailer over SMTP', () => {
  async function serve(options: SMTPServerOptions = {}) {
    const receiver = await receiveMail(options)
    closers.push(() => receiver.stop())
    return receiver
  }

  function mailer(smtp: Partial<SmtpOptions> & { port: number }): Mailer {
    const made = createMailer({
      from: 'VetrAI <no-reply@example.com>',
      log,
      referenceKey,
      mailboxPath: '/nonexistent',
      smtp: { host: '127.0.0.1', timeoutMs: 3000, ...smtp },
    })
    closers.push(() => made.close())
    return made
  }

  const failure = async (work: Promise<unknown>): Promise<MailError> => {
    const error = await work.then(
      () => undefined,
      (e: unknown) => e,
    )
    if (error instanceof MailError) return error
    throw new Error(`expected a MailError, got ${String(error)}`)
  }

  it('delivers text and HTML with envelope, sender and marks of an automatic mail', async () => {
    const { port, received } = await serve()
    const { messageId } = await mailer({ port }).send({
      ...message,
      subject: 'Grüße, Ada',
      html: '<p>hello</p>',
      headers: { 'List-Unsubscribe': '<https://x.example/u>' },
    })

    expect(received).to.have.length(1)
    const [mail] = received
    expect(mail).to.deep.include({ from: 'no-reply@example.com', to: ['ada@example.com'] })
    expect(mail?.source).to.contain('multipart/alternative').and.contain('Auto-Submitted: auto-generated')
    expect(mail?.source).to.contain('List-Unsubscribe: <https://x.example/u>').and.contain('=?UTF-8?')
    expect(mail?.source).to.contain(messageId)
  })

  it('logs one line without body, token or full address', async () => {
    const { port } = await serve()
    await mailer({ port }).send(message)
    expect(logs).to.have.length(1)
    expect(JSON.stringify(logs)).to.not.contain('s3cr3t-canary').and.not.contain('ada@')
    expect(logs[0]).to.include({ to: 'a…@example.com', subject: 'Confirm your address' })
  })

  it('reuses its connections', async () => {
    let connections = 0
    const { port, received } = await serve({
      onConnect: (_session, done) => {
        connections += 1
        done()
      },
    })
    const pooled = mailer({ port, maxConnections: 2 })
    await Promise.all(Array.from({ length: 10 }, () => pooled.send(message)))
    expect(received).to.have.length(10)
    expect(connections).to.be.at.most(2)
  })

  it('signs in, and calls a refused sign-in temporary until the operator mends it', async () => {
    const { port } = await serve({
      authOptional: false,
      allowInsecureAuth: true,
      onAuth: ({ username, password }, _session, done) =>
        username === 'ada' && password === 'right' ? done(null, { user: 'ada' }) : done(new Error('no')),
    })
    await mailer({ port, user: 'ada', password: 'right' }).verify()
    await mailer({ port, user: 'ada', password: 'right' }).send(message)
    const error = await failure(mailer({ port, user: 'ada', password: 'wrong' }).send(message))
    expect(error).to.include({ code: 'outbound.mail_unavailable', isTemporary: true })
    expect((await failure(mailer({ port, user: 'ada', password: 'wrong' }).verify())).isTemporary).to.equal(
      true,
    )
  })

  it('tells a final refusal from a temporary one', async () => {
    const refuse = (responseCode: number) =>
      serve({ onRcptTo: (_to, _session, done) => done(Object.assign(new Error('no'), { responseCode })) })
    const final = await failure(mailer({ port: (await refuse(550)).port }).send(message))
    const later = await failure(mailer({ port: (await refuse(451)).port }).send(message))
    expect(final).to.include({ code: 'outbound.mail_refused', isTemporary: false })
    expect(later).to.include({ code: 'outbound.mail_deferred', isTemporary: true })
  })

  it('calls a server that is away temporary, for sending and verifying', async () => {
    const { port } = await serve()
    await closers.shift()?.()
    expect(await failure(mailer({ port }).send(message))).to.include({ isTemporary: true })
    expect(await failure(mailer({ port }).verify())).to.include({ code: 'outbound.mail_unavailable' })
  })

  it('gives up on a server that accepts and says nothing', async () => {
    const { port } = await serve({ onConnect: () => {} })
    expect(await failure(mailer({ port, timeoutMs: 200 }).send(message))).to.include({ isTemporary: true })
  })

  it('sends nothing in the clear to a server that offers no TLS when TLS is required', async () => {
    const { port, received } = await serve()
    expect(await failure(mailer({ port, security: 'starttls' }).send(message))).to.include({
      isTemporary: true,
    })
    expect(received).to.deep.equal([])
  })

  it('refuses a server certificate nobody vouches for', async () => {
    // smtp-server offers STARTTLS with a self-signed certificate of its own.
    const { port, received } = await serve({ disabledCommands: [] })
    expect(await failure(mailer({ port, security: 'starttls' }).send(message))).to.include({
      isTemporary: true,
    })
    expect(received).to.deep.equal([])
  })

  it('closes twice without complaint', async () => {
    const { port } = await serve()
    const once = mailer({ port })
    await once.send(message)
    await once.close()
    await once.close()
  })
})

describe('mailer into a folder', () => {
  let folder: string
  let mailer: Mailer

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vetrai-mailbox-'))
    mailer = createMailer({
      from: 'VetrAI <no-reply@example.com>',
      log,
      referenceKey,
      mailboxPath: join(folder, 'box'),
    })
    closers.push(() => rm(folder, { recursive: true }))
  })

  it('writes one private file a message, whole, in the order sent', async () => {
    for (const n of [1, 2, 3]) await mailer.send({ ...message, subject: `Mail ${n}` })
    const names = await readdir(join(folder, 'box'))
    expect(names).to.have.length(3)
    for (const name of names) {
      expect(name).to.match(/^\d{8}T\d{9}Z-\d{6}-[0-9a-f]{8}\.eml$/)
      expect((await stat(join(folder, 'box', name))).mode & 0o777).to.equal(0o600)
    }
    expect((await stat(join(folder, 'box'))).mode & 0o777).to.equal(0o700)
    expect((await readMailbox(join(folder, 'box'))).map((mail) => mail.subject)).to.deep.equal([
      'Mail 1',
      'Mail 2',
      'Mail 3',
    ])
  })

  it('reads back what it wrote, long links and other alphabets included', async () => {
    const text = `Grüße\n\nhttps://x.example/verify?token=${'aB3='.repeat(60)}\n\n日本語 = 100 %\n`
    const html = `<p>Grüße</p>\n\n<a href="https://x.example/?t=${'z'.repeat(200)}">日本</a>`
    await mailer.send({ ...message, subject: 'Grüße 日本語 '.repeat(8).trim(), text, html })
    await mailer.send(message)
    const [rich, plain] = await readMailbox(join(folder, 'box'))

    expect(rich?.subject).to.equal('Grüße 日本語 '.repeat(8).trim())
    expect(rich?.text.trim()).to.equal(text.trim())
    expect(rich?.html?.trim()).to.equal(html)
    expect(rich?.to).to.equal('ada@example.com')
    expect(rich?.from).to.equal('VetrAI <no-reply@example.com>')
    expect(plain?.text.trim()).to.equal(message.text)
    expect(plain?.html).to.equal(undefined)
  })

  it('logs where the file is, and neither body nor token', async () => {
    await mailer.send(message)
    const [entry] = await readMailbox(join(folder, 'box'))
    expect(logs).to.have.length(1)
    expect(logs[0]).to.include({ file: entry?.file })
    expect(JSON.stringify(logs)).to.not.contain('s3cr3t-canary')
  })

  it('keeps the newest files only', async () => {
    const small = createMailer({
      from: 'a@example.com',
      log,
      referenceKey,
      mailboxPath: join(folder, 'box'),
      mailboxKeep: 5,
    })
    for (let n = 1; n <= 20; n += 1) await small.send({ ...message, subject: `Mail ${n}` })
    const subjects = (await readMailbox(join(folder, 'box'))).map((mail) => mail.subject)
    expect(subjects).to.deep.equal(['Mail 16', 'Mail 17', 'Mail 18', 'Mail 19', 'Mail 20'])
  })

  it('verifies that the folder can be written and leaves nothing behind', async () => {
    await mailer.verify()
    expect(await readdir(join(folder, 'box'))).to.deep.equal([])
    await writeFile(join(folder, 'file'), '')
    const broken = createMailer({
      from: 'a@example.com',
      log,
      referenceKey,
      mailboxPath: join(folder, 'file'),
    })
    const error = await broken.verify().catch((e: unknown) => e)
    expect(error)
      .to.be.instanceOf(MailError)
      .and.include({ code: 'outbound.mail_unavailable', isTemporary: true })
  })

  it('cannot be made to read a file', async () => {
    await mailer.send({ ...message, text: 'x', html: '<img src="file:///etc/passwd">' })
    const [name = ''] = await readdir(join(folder, 'box'))
    expect(await readFile(join(folder, 'box', name), 'utf8')).to.not.contain('root:')
  })
})

describe('checkMessage', () => {
  const inject = ['a\r\nBcc: eve@example.com', 'a\nb', 'a\rb', 'a\u2028b', 'a\0b', '\u202emoc.elpmaxe']
  for (const text of inject) {
    it(`refuses ${JSON.stringify(text)} in subject, address and header`, () => {
      expect(() => checkMessage({ ...message, subject: text })).to.throw(MailError)
      expect(() => checkMessage({ ...message, to: `${text}@example.com` })).to.throw(MailError)
      expect(() => checkMessage({ ...message, headers: { 'X-Note': text } })).to.throw(MailError)
    })
  }

  for (const name of ['Bcc', 'from', 'Reply-To', 'Content-Type', 'Subject', 'X Y', 'X:Y', 'X-A\r\nBcc', '']) {
    it(`refuses to set the header ${JSON.stringify(name)}`, () => {
      expect(() => checkMessage({ ...message, headers: { [name]: 'x' } })).to.throw(MailError)
    })
  }

  it('refuses an empty subject and a body beyond 1 MiB', () => {
    expect(() => checkMessage({ ...message, subject: ' ' })).to.throw(MailError)
    expect(() => checkMessage({ ...message, text: 'a'.repeat(1024 * 1024 + 1) })).to.throw(MailError)
  })
})

describe('checkMailAddress', () => {
  for (const [address, expected] of [
    ['ada@example.com', 'ada@example.com'],
    ["o'neil+tag@mail.example.co.uk", "o'neil+tag@mail.example.co.uk"],
    ['Ada@EXAMPLE.com', 'Ada@example.com'],
    ['müller@bücher.example', 'müller@xn--bcher-kva.example'],
    ['root@localhost', 'root@localhost'],
  ] as const) {
    it(`accepts ${address}`, () => expect(checkMailAddress(address)).to.equal(expected))
  }

  const bad = [
    '',
    'ada',
    '@example.com',
    'ada@',
    'ada@example',
    'a b@example.com',
    'ada@exa mple.com',
    'ada@@example.com',
    'Ada <ada@example.com>',
    'ada@example.com,eve@example.com',
    'ada@example.com;eve@example.com',
    '"a b"@example.com',
    'ada@[127.0.0.1]',
    'ada@127.0.0.1',
    '.ada@example.com',
    'a..b@example.com',
    'ada@-x.example',
    'ada@example.com\n',
    `${'a'.repeat(65)}@example.com`,
    `a@${'b'.repeat(250)}.example`,
    '<ada@example.com>',
    'ada@example.com>',
  ]
  for (const address of bad) {
    it(`refuses ${JSON.stringify(address.slice(0, 40))}`, () =>
      expect(() => checkMailAddress(address)).to.throw(MailError))
  }

  it('never lets a blank, bracket, comma, quote or control through', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        try {
          expect(checkMailAddress(`${text}@example.com`)).to.not.match(/[\s<>,;:"()[\]\\\p{Cc}]/u)
        } catch (error) {
          expect(error).to.be.instanceOf(MailError)
        }
      }),
      { numRuns: 2000 },
    )
  })
})

describe('parseSender and maskAddress', () => {
  it('take a sender apart', () => {
    expect(parseSender('VetrAI <no-reply@example.com>')).to.deep.equal({
      name: 'VetrAI',
      address: 'no-reply@example.com',
    })
    expect(parseSender('"A, B" <a@example.com>')).to.deep.equal({ name: 'A, B', address: 'a@example.com' })
    expect(parseSender('a@example.com')).to.deep.equal({ name: '', address: 'a@example.com' })
    for (const bad of [
      'VetrAI',
      'A <b>',
      'A <a@example.com>, B <b@example.com>',
      'A\r\nBcc: x <a@example.com>',
    ]) {
      expect(() => parseSender(bad)).to.throw(MailError)
    }
  })

  it('show one letter of a local part', () =>
    expect(maskAddress('ada@example.com')).to.equal('a…@example.com'))
})
