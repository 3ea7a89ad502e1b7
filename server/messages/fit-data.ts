import { oneLine, someLines, unlinked, webAddress } from './clean-words.js'
import {
  formatDate,
  formatDuration,
  formatMoney,
  formatNumber,
  formatTime,
  type Spelling,
} from './format-values.js'
import type { ListSpec, ScalarSpec, Variables } from './variables.js'

/** The data does not fit the variables of a message. */
export class MessageDataError extends Error {
  override readonly name = 'MessageDataError'
  constructor(
    readonly variable: string,
    readonly problem: string,
  ) {
    super(`${variable} ${problem}`)
  }
}

/** Values as templates show them: spelled, cleaned, not yet escaped. `x@uri` holds `x` as part of an address. */
export interface View {
  [name: string]: string | boolean | null | readonly View[]
}

export interface Fitting extends Spelling {
  /** How the locale spells the options of choices, by variable. */
  words: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** Data without a variable is refused (a typing mistake of the program) or left out. */
  extras: 'refuse' | 'ignore'
}

const LIST_MAX = 200

/**
 * Checks data against the variables and spells it for a locale. Throws MessageDataError for what is missing, of another
 * kind, or not declared. The result has every declared name, and no prototype that a template could reach.
 */
export function fitData(variables: Variables, data: Readonly<Record<string, unknown>>, how: Fitting): View {
  if (how.extras === 'refuse') refuseExtras(variables, data)
  const view: View = Object.create(null)
  for (const [name, spec] of Object.entries(variables)) {
    const value = Object.hasOwn(data, name) ? (data[name] ?? null) : null
    if (value === null) {
      if (!spec.optional) throw new MessageDataError(name, 'is missing')
      put(view, name, null)
    } else if (spec.kind === 'list') view[name] = fitList(name, spec, value, how)
    else put(view, name, fitScalar(name, spec, value, how), typeof value === 'string' ? value : undefined)
  }
  return view
}

function refuseExtras(variables: Variables, data: object): void {
  const extra = Object.keys(data).find((name) => !Object.hasOwn(variables, name))
  if (extra !== undefined) throw new MessageDataError(extra.slice(0, 60), 'is not a variable of the template')
}

function put(view: View, name: string, shown: string | boolean | null, raw?: string): void {
  view[name] = shown
  view[`${name}@uri`] =
    typeof shown === 'string' ? encodeURIComponent(raw === undefined ? shown : oneLine(raw)) : ''
}

function fitList(name: string, { fields }: ListSpec, value: unknown, how: Fitting): View[] {
  if (!Array.isArray(value)) throw new MessageDataError(name, 'is not a list')
  if (value.length > LIST_MAX) throw new MessageDataError(name, `has more than ${LIST_MAX} items`)
  return value.map((item: unknown, index) => {
    if (!isObject(item)) throw new MessageDataError(`${name}[${index}]`, 'is not an object')
    try {
      return fitData(fields, item, how)
    } catch (error) {
      if (!(error instanceof MessageDataError)) throw error
      throw new MessageDataError(`${name}[${index}].${error.variable}`, error.problem)
    }
  })
}

function fitScalar(name: string, spec: ScalarSpec, value: unknown, how: Fitting): string | boolean {
  const { kind } = spec
  if (kind === 'flag') {
    if (typeof value !== 'boolean') throw new MessageDataError(name, 'is not true or false')
    return value
  }
  if (kind === 'money') return fitMoney(name, value, how)
  if (kind === 'number' || kind === 'duration') {
    if (typeof value !== 'number' || !Number.isFinite(value))
      throw new MessageDataError(name, 'is not a number')
    return kind === 'number' ? formatNumber(value, how) : formatDuration(value, how)
  }
  if (kind === 'date' || kind === 'time') {
    const at = momentOf(value)
    if (!at) throw new MessageDataError(name, 'is not a time (RFC 3339)')
    return kind === 'date' ? formatDate(at, how) : formatTime(at, how)
  }
  if (typeof value !== 'string') throw new MessageDataError(name, 'is not text')
  if (kind === 'choice') return fitChoice(name, spec.options, value, how)
  if (kind === 'url') {
    const address = webAddress(value)
    if (!address) throw new MessageDataError(name, 'is not an http(s) address')
    return address
  }
  return kind === 'plain' ? oneLine(value) : unlinked(kind === 'text' ? someLines(value) : oneLine(value))
}

function fitMoney(name: string, value: unknown, how: Spelling): string {
  const { amount, currency } = isObject(value) ? value : {}
  const words =
    typeof amount === 'number' && typeof currency === 'string' ? formatMoney({ amount, currency }, how) : null
  if (words === null) throw new MessageDataError(name, 'is not { amount, currency } in minor units')
  return words
}

function fitChoice(name: string, options: readonly string[], value: string, { words }: Fitting): string {
  if (!options.includes(value)) throw new MessageDataError(name, `is none of ${options.join(', ')}`)
  return oneLine(words[name]?.[value] ?? value)
}

function momentOf(value: unknown): Date | null {
  const isWritten =
    typeof value === 'string' && /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/.test(value)
  const at = value instanceof Date ? value : isWritten ? new Date(value) : null
  return at && !Number.isNaN(at.getTime()) ? at : null
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
