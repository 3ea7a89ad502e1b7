import { type DestinationStream, type Logger, pino } from 'pino'

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
    },
    options.destination ?? pino.destination({ dest: 1, sync: false, minLength: 0 }),
  )
}

/** What of an error may be logged: database errors carry values in `detail` and `parameters`, which stay out. */
function serializeError(error: unknown): unknown {
  if (!(error instanceof Error)) return scrub(String(error))
  const { code, constraint, table } = error as Error & {
    code?: unknown
    constraint?: unknown
    table?: unknown
  }
  return {
    type: error.name,
    message: scrub(error.message),
    stack: error.stack ? scrub(error.stack) : undefined,
    ...(code === undefined ? {} : { code }),
    ...(constraint === undefined ? {} : { constraint, table }),
    ...(error.cause instanceof Error ? { cause: scrub(error.cause.message) } : {}),
  }
}
