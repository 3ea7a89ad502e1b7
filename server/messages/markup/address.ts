import { nameProblem, type Scope, TAG } from '../words.js'

/** The beginning that an address with variables must have written out: whom it leads to is never up to data. */
const AUTHORITY = /^https?:\/\/[^/?#{}\s@\\]+(?=[/?#]|$)/

/**
 * Why this cannot be where a link leads; undefined when it can. An address is one variable of kind `url`, or is written
 * out as http(s) with its host, and may then hold variables as parts of its path, query or fragment; a `mailto:`
 * address holds none.
 */
export function addressProblem(source: string, scope: Scope): string | undefined {
  if (/[\p{Cc}\p{Z}]/u.test(source)) return 'has a blank in an address'
  if (source.length > 2048) return 'has an address longer than 2048 characters'
  const whole = wholeVariable(source)
  if (whole)
    return scope[whole]?.kind === 'url' ? undefined : `uses "${whole}" as an address, and it is no url`
  const literal = source.replace(TAG, (_tag, sign: string) => (sign === '' ? 'x' : '{'))
  if (/[{}"'<>`\\]/.test(literal)) return 'has a character in an address that does not belong there'
  if (/^mailto:[^{}?&%]+@[^{}?&%]+$/.test(source)) return undefined
  if (!AUTHORITY.test(source) || !URL.canParse(literal)) {
    return 'has an address that is neither one url variable nor begins with https://, a host and a slash'
  }
  return partsProblem(source, scope)
}

/** Like addressProblem, for pictures: https only, since mail programs block or warn of anything else. */
export function pictureProblem(source: string, scope: Scope): string | undefined {
  const isFine = wholeVariable(source) !== undefined || source.startsWith('https://')
  return isFine ? addressProblem(source, scope) : 'has a picture that does not come from an https:// address'
}

/** The address as words to be filled in: variables that are parts of it are encoded so that they stay parts. */
export function addressWords(source: string): string {
  return wholeVariable(source) ? source : source.replace(TAG, '{{$2@uri}}')
}

function wholeVariable(source: string): string | undefined {
  return /^\{\{([a-z][a-z0-9_]*)\}\}$/.exec(source)?.[1]
}

function partsProblem(source: string, scope: Scope): string | undefined {
  for (const [, , name = ''] of source.matchAll(TAG)) {
    const problem = nameProblem(name, false, scope)
    if (problem) return problem
  }
  return undefined
}
