import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** A message as the mailbox folder holds it. */
export interface MailboxEntry {
  readonly file: string
  readonly to: string
  readonly from: string
  readonly subject: string
  /** Header names in lower case; a repeated header keeps its last value. */
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
  readonly html: string | undefined
}

/**
 * Reads the mailbox folder, oldest first, decoded: for tests and for showing an operator without SMTP the
 * links that were sent. Understands what this server writes (text, or text and HTML), not mail at large.
 */
export async function readMailbox(folder: string): Promise<MailboxEntry[]> {
  const names = (await readdir(folder))
    .filter((name) => name.endsWith('.eml') && !name.startsWith('.'))
    .sort()
  return Promise.all(
    names.map(async (name) => parseMail(join(folder, name), await readFile(join(folder, name), 'utf8'))),
  )
}

interface Part {
  readonly headers: Record<string, string>
  readonly body: string
}

function parseMail(file: string, source: string): MailboxEntry {
  const whole = parsePart(source.replaceAll('\r\n', '\n'))
  const boundary = /boundary="([^"]+)"/.exec(whole.headers['content-type'] ?? '')?.[1]
  const parts = boundary === undefined ? [whole] : partsOf(whole.body, boundary)
  const find = (type: string) => parts.find((part) => (part.headers['content-type'] ?? '').startsWith(type))
  const html = find('text/html')
  return {
    file,
    to: whole.headers.to ?? '',
    from: decodeWords(whole.headers.from ?? ''),
    subject: decodeWords(whole.headers.subject ?? ''),
    headers: whole.headers,
    text: decodeBody(find('text/plain') ?? { headers: {}, body: '' }),
    html: html && decodeBody(html),
  }
}

function partsOf(body: string, boundary: string): Part[] {
  return body
    .split(`--${boundary}`)
    .slice(1, -1)
    .map((part) => parsePart(part.replace(/^\n/, '').replace(/\n$/, '')))
}

function parsePart(source: string): Part {
  const [head = '', ...rest] = source.split('\n\n')
  const lines = head.replace(/\n[ \t]+/g, ' ').split('\n')
  const headers = lines.map((line) => [
    line.slice(0, line.indexOf(':')).toLowerCase(),
    line.slice(line.indexOf(':') + 1).trim(),
  ])
  return { headers: Object.fromEntries(headers), body: rest.join('\n\n') }
}

function decodeBody({ headers, body }: Part): string {
  const encoding = headers['content-transfer-encoding']?.toLowerCase()
  if (encoding === 'base64') return Buffer.from(body, 'base64').toString('utf8')
  return encoding === 'quoted-printable' ? decodeQuoted(body.replace(/=\n/g, '')) : body
}

/** RFC 2047 encoded words; the blank between two of them is not part of the text. */
function decodeWords(value: string): string {
  return value
    .replace(/\?=\s+=\?/g, '?==?')
    .replace(/=\?utf-8\?([bq])\?([^?]*)\?=/gi, (_word, kind: string, text: string) =>
      kind.toLowerCase() === 'b'
        ? Buffer.from(text, 'base64').toString('utf8')
        : decodeQuoted(text.replaceAll('_', ' ')),
    )
}

function decodeQuoted(text: string): string {
  const bytes = text.replace(/=([0-9A-Fa-f]{2})/g, (_hex, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  )
  return Buffer.from(bytes, 'latin1').toString('utf8')
}
