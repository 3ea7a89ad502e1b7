/** One entry of an error catalogue. `message` may be built from the data the thrower gives. */
export interface ErrorEntry<D = never> {
  status: number
  message: string | ((data: D) => string)
  /** What the caller can do about it. */
  next: string
  /** RFC 9457 `title`; the entry's name in words when left out. */
  title?: string
  /** RFC 9457 `type`; `about:blank` when left out. */
  type?: string
  /** Extra response headers, e.g. Retry-After. */
  headers?: (data: D) => Record<string, string>
  /** Extra problem members, e.g. `violated-policies`. */
  members?: (data: D) => Record<string, unknown>
}

/** One place in the input that was refused; `pointer` is an RFC 6901 JSON pointer into the request part. */
export interface InputProblem {
  pointer: string
  code: string
  message: string
}

/** An error that a caller may see: everything in it is fit to leave the server. */
export class AppError extends Error {
  readonly code: string
  readonly status: number
  readonly next: string
  readonly title: string
  readonly type: string
  readonly headers: Record<string, string>
  readonly members: Record<string, unknown>
  errors?: InputProblem[]

  constructor(code: string, entry: ErrorEntry<unknown>, data: unknown) {
    super(typeof entry.message === 'function' ? entry.message(data) : entry.message)
    this.name = 'AppError'
    this.code = code
    this.status = entry.status
    this.next = entry.next
    this.title = entry.title ?? titleOf(code)
    this.type = entry.type ?? 'about:blank'
    this.headers = entry.headers?.(data) ?? {}
    this.members = entry.members?.(data) ?? {}
  }
}

/** A class made by `defineErrors`: `new errors.NotFound()` or `new errors.LimitReached({ limit })`. */
export interface ErrorClass<D> {
  new (...args: [D] extends [never] ? [] : [data: D]): AppError
  readonly code: string
  readonly status: number
  readonly title: string
}

type DataOf<E> = E extends { message: (data: infer D) => string } ? D : never
type Catalogue<T> = { [K in keyof T & string as Capitalize<K>]: ErrorClass<DataOf<T[K]>> }

/**
 * Turns a catalogue into one class per entry. Codes are `namespace.snake_case` and never change once
 * shipped: callers branch on them.
 */
export function defineErrors<const T extends Record<string, ErrorEntry<never>>>(
  namespace: string,
  entries: T,
): Catalogue<T> {
  const classes: Record<string, unknown> = {}
  for (const [name, raw] of Object.entries(entries)) {
    const entry = raw as unknown as ErrorEntry<unknown>
    const code = `${namespace}.${snake(name)}`
    classes[name.charAt(0).toUpperCase() + name.slice(1)] = class extends AppError {
      static readonly code = code
      static readonly status = entry.status
      static readonly title = entry.title ?? titleOf(code)
      constructor(data?: unknown) {
        super(code, entry, data)
      }
    }
  }
  return classes as Catalogue<T>
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`)
}

function titleOf(code: string): string {
  const words = code.slice(code.indexOf('.') + 1).replaceAll('_', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}
