import {
  greet,
  openSocket,
  resolveHost,
  type SmtpSecurity,
  type SmtpServer,
  type SmtpSession,
  smtpSecurity,
} from '../clients/smtp.js'
import type { Deployment } from '../deployment/deployment.js'
import { CliError } from '../deployment/errors.js'
import { bytes } from '../views/format.js'
import {
  explainCertificate,
  explainConnect,
  explainGreeting,
  explainSend,
  explainSignIn,
  type SmtpExplanation,
} from './explain-smtp.js'

/** One step towards a sent mail. `remedy` is null when there is nothing to do. */
export interface SmtpStep {
  name: string
  title: string
  level: 'ok' | 'warn' | 'fail'
  detail: string
  remedy: string | null
}

/** How far it went; `ok` is false when a step failed, and no later one was tried then. */
export interface SmtpReport {
  ok: boolean
  host: string
  port: number
  security: SmtpSecurity
  /** Where a test mail went; null when none was sent. */
  sent_to: string | null
  steps: SmtpStep[]
}

/** A mail to send when all else went well. */
export interface TestMail {
  /** As `mail.from` has it. */
  from: string
  to: string
  deployment: string
}

/** The mail server of a deployment; CliError `smtp_not_set` where mails go into a folder. */
export async function smtpServerOf({ config, secrets, paths }: Deployment): Promise<SmtpServer> {
  const { smtp } = config.mail
  if (smtp) return { ...smtp, password: await secrets.find('smtp-password') }
  throw new CliError({
    code: 'smtp_not_set',
    message: `There is no mail server: every mail is written to ${paths.mail}.`,
    next: 'Name one: vetrai config set mail.smtp.host HOST (then mail.smtp.user and secrets.smtp-password)',
    exitCode: 3,
  })
}

/** The test mail of a deployment; undefined without an address. CliError `address_invalid` for what is none. */
export function testMailOf({ name, config }: Deployment, to: string | undefined): TestMail | undefined {
  if (to === undefined) return undefined
  if (/^[^\s@<>,;"]+@[^\s@<>,;"]+$/.test(to)) return { from: config.mail.from, to, deployment: name }
  throw new CliError({
    code: 'address_invalid',
    message: `"${to}" is not one e-mail address.`,
    next: 'Give it bare: you@example.com',
    exitCode: 2,
  })
}

/**
 * Goes every step to the mail server as the server program would, and says of each how it went. Signs in only over a
 * connection whose certificate is good. Sends nothing without a `mail`.
 */
export async function testSmtp(server: SmtpServer, mail?: TestMail): Promise<SmtpReport> {
  const steps: SmtpStep[] = []
  const walk = new Walk(steps)
  let session: SmtpSession | undefined
  try {
    await walk.step('resolve', 'Name', () => resolveHost(server.host), {
      tell: (addresses) => `${server.host} is ${addresses.join(', ')}`,
      explain: (error) => explainConnect(error, server),
    })
    const socket = await walk.step('connect', 'Connection', () => openSocket(server), {
      tell: ({ remoteAddress }) => `port ${server.port} of ${remoteAddress}`,
      explain: (error) => explainConnect(error, server),
    })
    session = await walk.step('greet', 'Greeting', () => greet(server, socket), {
      tell: ({ tls }) => (tls ? `encrypted, ${tls.protocol}` : 'not encrypted, as it is on this host'),
      explain: (error) => explainGreeting(error, server),
    })
    judgeCertificate(walk, session, server)
    await signIn(walk, session, server)
    tellSize(walk, session)
    if (mail) await send(walk, session, mail)
  } catch (error) {
    if (!(error instanceof Stopped)) throw error
  } finally {
    session?.end()
  }
  const ok = steps.every(({ level }) => level !== 'fail')
  const { host, port } = server
  return { ok, host, port, security: smtpSecurity(server), sent_to: ok && mail ? mail.to : null, steps }
}

/** Thrown when a step failed and the others make no sense. */
class Stopped extends Error {}

/** Writes down each step; the first that fails ends the walk. */
class Walk {
  constructor(private readonly steps: SmtpStep[]) {}

  async step<T>(
    name: string,
    title: string,
    work: () => Promise<T>,
    words: { tell: (value: T) => string; explain: (error: unknown) => SmtpExplanation },
  ): Promise<T> {
    try {
      const value = await work()
      this.note({ name, title, level: 'ok', detail: words.tell(value), remedy: null })
      return value
    } catch (error) {
      this.fail(name, title, words.explain(error))
    }
  }

  note(step: SmtpStep): void {
    this.steps.push(step)
  }

  fail(name: string, title: string, explanation: SmtpExplanation): never {
    this.note({ name, title, level: 'fail', ...explanation })
    throw new Stopped()
  }
}

function judgeCertificate(walk: Walk, { tls }: SmtpSession, { host }: SmtpServer): void {
  if (!tls) return
  const [name, title] = ['certificate', 'Certificate']
  const words = `for ${tls.subject}, by ${tls.issuer}, until ${tls.validTo.slice(0, 10)}`
  if (tls.problem === undefined) {
    walk.note({ name, title, level: 'ok', detail: words, remedy: null })
    return
  }
  const { detail, remedy } = explainCertificate(tls.problem, host)
  walk.fail(name, title, { detail: `${words}: ${detail}`, remedy })
}

async function signIn(walk: Walk, session: SmtpSession, { user, password }: SmtpServer): Promise<void> {
  const [name, title] = ['auth', 'Sign-in']
  if (!user || !password) {
    const isHalf = user !== undefined || password !== undefined
    walk.note({
      ...{ name, title, level: isHalf ? 'warn' : 'ok' },
      detail: isHalf ? `none: ${user ? 'secrets/smtp-password' : 'mail.smtp.user'} is not set` : 'none',
      remedy: isHalf
        ? `Give the other half: vetrai config set ${user ? 'secrets.smtp-password' : 'mail.smtp.user USER'}`
        : null,
    })
    return
  }
  if (session.methods.length === 0) {
    walk.fail(name, title, {
      detail: 'the server offers no way to sign in on this port',
      remedy:
        'Use its port for clients: vetrai config set mail.smtp.port 587. Or do without: vetrai config set mail.smtp.user --unset',
    })
  }
  await walk.step(name, title, () => session.signIn(user, password), {
    tell: () => `as ${user}`,
    explain: explainSignIn,
  })
}

function tellSize(walk: Walk, { maxSize }: SmtpSession): void {
  const detail = maxSize === undefined ? 'the server does not say' : bytes(maxSize)
  walk.note({ name: 'size', title: 'Largest mail', level: 'ok', detail, remedy: null })
}

async function send(walk: Walk, session: SmtpSession, mail: TestMail): Promise<void> {
  const { default: MailComposer } = await import('nodemailer/lib/mail-composer')
  const message = new MailComposer({
    from: mail.from,
    to: mail.to,
    subject: `Test mail of ${mail.deployment}`,
    text: `This mail shows that the VetrAI deployment "${mail.deployment}" can send mail.\nIt was asked for on its host by an operator; nothing needs to be done.\n`,
    headers: { 'Auto-Submitted': 'auto-generated' },
    disableFileAccess: true,
    disableUrlAccess: true,
  }).compile()
  const from = String(message.getEnvelope().from || '')
  await walk.step(
    'send',
    'Test mail',
    async () => session.send({ from, to: mail.to }, await message.build()),
    {
      tell: (reply) => `taken for ${mail.to}: ${reply}`,
      explain: explainSend,
    },
  )
}
