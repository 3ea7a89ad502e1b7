import { type SmtpServer, smtpSecurity } from '../clients/smtp.js'

/** What went wrong in words, and what to do. */
export interface SmtpExplanation {
  detail: string
  remedy: string
}

/** Fields of an error of the mail library or the system. */
interface SmtpFailure {
  code?: string
  message?: string
  response?: string
  responseCode?: number
}

const PROVIDER_PORTS = 'Use 587 (STARTTLS) or 465 (TLS from the start)'
const TURN_TLS_ON = 'vetrai config set mail.smtp.secure true'
const TURN_TLS_OFF = 'vetrai config set mail.smtp.secure false'

/** Explains why there is no connection. */
export function explainConnect(error: unknown, { host, port }: SmtpServer): SmtpExplanation {
  const { code = '', message = '' } = error as SmtpFailure
  if (/^(ENOTFOUND|EAI_|ENODATA)/.test(code)) {
    return {
      detail: `${host} is no name that this host can resolve (${code})`,
      remedy:
        'Correct it: vetrai config set mail.smtp.host HOST. If it is right, name resolution of this host is broken.',
    }
  }
  if (code === 'ECONNREFUSED') {
    return {
      detail: `${host} refuses connections on port ${port}`,
      remedy: `The port is wrong, or the mail server does not run. ${PROVIDER_PORTS}: ${otherPort(port)}`,
    }
  }
  if (/^(ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)$/.test(code)) {
    const detail = `no answer from ${host} on port ${port} (${code})`
    if (port === 25) {
      return {
        detail,
        remedy: `Most providers of servers block port 25 to other networks. ${PROVIDER_PORTS}: ${otherPort(port)}`,
      }
    }
    return {
      detail,
      remedy: `A firewall on the way drops it, or the host is wrong: let this host out to port ${port}.`,
    }
  }
  return { detail: message || code, remedy: 'Check mail.smtp.host and mail.smtp.port.' }
}

/** Explains why client and server did not come to terms, TLS included. */
export function explainGreeting(error: unknown, server: SmtpServer): SmtpExplanation {
  const { code = '', message = '', response } = error as SmtpFailure
  const security = smtpSecurity(server)
  if (security === 'tls' && /wrong version number|packet length too long|before secure TLS/i.test(message)) {
    return {
      detail: `port ${server.port} does not speak TLS from the first byte`,
      remedy: `It wants STARTTLS: ${TURN_TLS_OFF} (and port 587, not 465)`,
    }
  }
  if (security !== 'tls' && isSilent(message)) {
    return {
      detail: `port ${server.port} accepts the connection and says nothing`,
      remedy: `If it wants TLS from the first byte: ${TURN_TLS_ON}. Else something between drops the traffic, or the port is another program's.`,
    }
  }
  if (/unsupported protocol|protocol version|no shared cipher|handshake failure/i.test(message)) {
    return {
      detail: `the server speaks no TLS of today: ${message}`,
      remedy: 'It must offer TLS 1.2 or later: have it upgraded, or use another.',
    }
  }
  if (security === 'starttls' && /STARTTLS/i.test(`${message} ${response ?? ''}`)) {
    return {
      detail: 'the server offers no TLS on this port, and passwords are not sent in the clear',
      remedy: `Use its port for TLS, often 465: vetrai config set mail.smtp.port 465 && ${TURN_TLS_ON}`,
    }
  }
  return {
    detail: response ? `the server says: ${response}` : message || code,
    remedy:
      'Check that mail.smtp.host and mail.smtp.port are those of a mail server that takes mail from clients.',
  }
}

/** Explains a certificate that is no good, by Node's code for it. */
export function explainCertificate(problem: string, host: string): SmtpExplanation {
  if (problem === 'CERT_HAS_EXPIRED') {
    return { detail: 'it has expired', remedy: 'Have it renewed; check the clock of this host too.' }
  }
  if (problem === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return {
      detail: `it is not for ${host}`,
      remedy: 'Use the name that the certificate is for: vetrai config set mail.smtp.host HOST',
    }
  }
  return {
    detail: `no authority known here vouches for it (${problem})`,
    remedy:
      'Give the mail server a certificate of a public authority with its whole chain. The server sends no mail over a connection that nobody vouches for.',
  }
}

/** Explains why the server let us not sign in. */
export function explainSignIn(error: unknown): SmtpExplanation {
  const { response, message = '' } = error as SmtpFailure
  const words = response ?? message
  if (/^(530|538|534)|5\.7\.9|application-specific|app password/i.test(words)) {
    return {
      detail: words,
      remedy:
        'The provider wants a password made for programs (an app password). Make one there, then: vetrai config set secrets.smtp-password',
    }
  }
  return {
    detail: words,
    remedy:
      'Correct the login (vetrai config set mail.smtp.user USER) or its password: vetrai config set secrets.smtp-password',
  }
}

/** Explains why a test mail was not taken. */
export function explainSend(error: unknown): SmtpExplanation {
  const { response, message = '' } = error as SmtpFailure
  const words = response ?? message
  if (/^530|authentication required|not authenticated/i.test(words)) {
    return {
      detail: words,
      remedy:
        'It wants a login: vetrai config set mail.smtp.user USER && vetrai config set secrets.smtp-password',
    }
  }
  if (/relay|not permitted|sender|5\.7\.1\b/i.test(words)) {
    return {
      detail: words,
      remedy:
        'The server does not take mail from this sender: name one it knows, with a domain that is yours: vetrai config set mail.from "NAME <ADDRESS>"',
    }
  }
  return {
    detail: words,
    remedy: 'The words are the mail server’s own: its operator can tell what it wants.',
  }
}

function otherPort(port: number): string {
  return `vetrai config set mail.smtp.port ${port === 587 ? 465 : 587}`
}

function isSilent(message: string): boolean {
  return /greeting never received|^timeout$/i.test(message)
}
