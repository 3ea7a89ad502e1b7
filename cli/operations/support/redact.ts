/** Stands where something was taken out. */
export const REDACTED = '[redacted]'

/** Takes out of a text what must not leave the host. */
export type Redact = (text: string) => string

/**
 * Removes every given secret, in plain, base64, hexadecimal, URL-encoded and JSON-escaped form, and whatever looks like a
 * credential or an e-mail address. Takes out rather too much than too little: what is left is for the eyes of others.
 */
export function createRedactor(secrets: readonly string[]): Redact {
  // The longest first: a shorter one may be a part of it.
  const forms = [...new Set(secrets.flatMap(formsOf))].sort((a, b) => b.length - a.length)
  return (text) => {
    let clean = text
    for (const form of forms) clean = clean.replaceAll(form, REDACTED)
    for (const [pattern, replace] of PATTERNS) clean = clean.replace(pattern, replace)
    return clean
  }
}

/** Names of settings and fields that hold a secret: they end in one of these words, unless a path is meant (`…_FILE`). */
const SECRET_NAME =
  '[\\w.-]{0,80}(?:password|passwd|passphrase|secret|token|credentials?|api[_-]?key|apikey|[_-]key|cookie)'

/** Tells whether a setting of this name holds a secret. */
export function isSecretName(name: string): boolean {
  return new RegExp(`^${SECRET_NAME}$`, 'i').test(name)
}

/** What a secret looks like wherever it may have been written. */
function formsOf(secret: string): string[] {
  if (secret === '') return []
  const bytes = Buffer.from(secret, 'utf8')
  const percent = encodeURIComponent(secret)
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    percent,
    percent.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
    percent.replaceAll('%20', '+'),
    ...base64Forms(bytes),
    ...(bytes.length >= 4 ? [bytes.toString('hex'), bytes.toString('hex').toUpperCase()] : []),
  ]
}

/**
 * Base64 depends on what stands before: within `user:password` the same bytes give one of three texts. Of each only the
 * characters count that no neighbour has a part in; too few of them would be found everywhere.
 */
function base64Forms(bytes: Buffer): string[] {
  const forms = [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64')
    const from = Math.ceil((before * 8) / 6)
    const to = Math.floor(((before + bytes.length) * 8) / 6)
    return text.slice(from, to)
  })
  return [...forms, bytes.toString('base64').replace(/=+$/, '')]
    .filter((form) => form.length >= 6)
    .flatMap((form) => [form, form.replaceAll('+', '-').replaceAll('/', '_')])
}

/** A quote, as it is or escaped as often as JSON lies within JSON. */
const QUOTE = '(?:\\\\*["\'])?'
/** A value in quotes of any kind, or up to the next separator; not one that is out already, or that is no text. */
const VALUE = [
  '(?!\\\\*["\']?\\[redacted\\]|(?:null|true|false|~)\\b)(',
  [
    '"(?:[^"\\\\]|\\\\.)*"',
    "'[^']*'",
    '(?<!\\\\)(\\\\+["\'])(?:(?!(?<!\\\\)\\3).)*(?<!\\\\)\\3',
    '[^\\s,;&"\'}\\])]+',
  ].join('|'),
  ')',
].join('')

/**
 * What a credential or a person's address looks like, with what is put in its place. Every repetition that another one
 * could begin within is bounded: a line may be a megabyte long.
 */
const PATTERNS: readonly (readonly [RegExp, (...match: string[]) => string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, () => REDACTED],
  // user:password@ of any URL; up to the last @, as passwords may hold one themselves.
  [
    /(\b[a-z][a-z0-9+.-]{0,20}:\/\/)[^\s"'<>@/]{0,200}:[^\s"'<>]{0,1000}@/gi,
    (_, scheme) => `${scheme}${REDACTED}@`,
  ],
  [/vtr_[a-z]+_[0-9A-Za-z]{8,}/g, () => REDACTED],
  [/\b(?:whsec|whsk)_[A-Za-z0-9+/=_-]{8,}/g, () => REDACTED],
  [/\bey[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?/g, () => REDACTED],
  // Keys of other people's services, and what passwords are stored as.
  [/\b(?:[spr]k_(?:live|test)_|sk-|gh[pousr]_|xox[abprs]-|SG\.|AKIA)[\w.-]{12,}/g, () => REDACTED],
  [/\$2[aby]\$\d\d\$[./A-Za-z0-9]{40,}|SCRAM-SHA-256\$[^\s'"]+/g, () => REDACTED],
  [/\b(Bearer|Basic)\s+[^\s"',;\\]{6,}/gi, (_, word) => `${word} ${REDACTED}`],
  [
    new RegExp(
      `((?:proxy-)?authorization|x-api-key|(?:set-)?cookie)(${QUOTE}[ \\t]*[:=,][ \\t]*${QUOTE})[^\\r\\n"'\\\\]+`,
      'gi',
    ),
    (_, name, separator) => `${name}${separator}${REDACTED}`,
  ],
  [
    new RegExp(`(?<![\\w-])(${SECRET_NAME}${QUOTE}[ \\t]*[:=][ \\t]*)${VALUE}`, 'gi'),
    (_, name, value = '') => `${name}${quotedAs(value)}`,
  ],
  [
    /[\p{L}\p{N}._%+'-]{1,64}(?:@|%40)(?:(?:[\p{L}\p{N}%](?:[\p{L}\p{N}%-]{0,120}[\p{L}\p{N}])?\.)+\p{L}{2,}|localhost)/giu,
    () => '[e-mail]',
  ],
]

/** The mark in the same quotes as what it stands for, so that JSON stays JSON. */
function quotedAs(value: string): string {
  const quote = /^\\*["']/.exec(value)?.[0] ?? ''
  return `${quote}${REDACTED}${quote}`
}
