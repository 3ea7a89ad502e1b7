import { createHash, createVerify, type KeyObject } from 'node:crypto'

/** What a DKIM signature (RFC 6376) says and whether it holds; written from the RFC, apart from what signs. */
export interface DkimVerdict {
  domain: string
  selector: string
  /** Names of the headers that are covered, in lower case. */
  covered: string[]
  holds: boolean
}

/** Verifies the first DKIM-Signature of a message (relaxed/relaxed, rsa-sha256) with the key that DNS would give. */
export function verifyDkim(source: string, publicKey: KeyObject): DkimVerdict | null {
  const end = source.indexOf('\r\n\r\n')
  const fields = source.slice(0, end).split(/\r\n(?![ \t])/)
  const signature = fields.find((field) => /^dkim-signature:/i.test(field))
  if (signature === undefined) return null
  const tags = new Map(
    signature
      .slice(signature.indexOf(':') + 1)
      .split(';')
      .map((tag) => [
        tag.slice(0, tag.indexOf('=')).trim(),
        tag.slice(tag.indexOf('=') + 1).replace(/\s/g, ''),
      ]),
  )
  const covered = (tags.get('h') ?? '').toLowerCase().split(':')
  const bodyHash = createHash('sha256')
    .update(relaxBody(source.slice(end + 4)))
    .digest('base64')
  const remaining = [...fields]
  const signed = covered.flatMap((name) => {
    const at = remaining.findLastIndex((field) => field.toLowerCase().startsWith(`${name}:`))
    return at < 0 ? [] : remaining.splice(at, 1).map(relaxHeader)
  })
  const own = relaxHeader(signature.replace(/(\bb=)[^;]*/, '$1'))
  const text = [...signed.map((line) => `${line}\r\n`), own].join('')
  const holds =
    tags.get('a') === 'rsa-sha256' &&
    tags.get('c') === 'relaxed/relaxed' &&
    tags.get('bh') === bodyHash &&
    covered.includes('from') &&
    createVerify('RSA-SHA256')
      .update(text)
      .verify(publicKey, tags.get('b') ?? '', 'base64')
  return { domain: tags.get('d') ?? '', selector: tags.get('s') ?? '', covered, holds }
}

/** § 3.4.2: name in lower case, unfolded, runs of blanks as one, none around the colon or at the end. */
function relaxHeader(field: string): string {
  const colon = field.indexOf(':')
  const value = field
    .slice(colon + 1)
    .replace(/\r\n/g, '')
    .replace(/[ \t]+/g, ' ')
    .trim()
  return `${field.slice(0, colon).trim().toLowerCase()}:${value}`
}

/** § 3.4.4: no blanks at the ends of lines, runs of them as one, no empty lines at the end. */
function relaxBody(body: string): string {
  const lines = body.split('\r\n').map((line) => line.replace(/[ \t]+/g, ' ').replace(/ $/, ''))
  const text = lines.join('\r\n').replace(/(\r\n)+$/, '')
  return text === '' ? '' : `${text}\r\n`
}
