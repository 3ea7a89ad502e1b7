/** The API as these pages call it. Sign-in tokens live in a variable here and nowhere else: no storage, no cookie. */

/** Pages live one level below the API. */
const API = new URL('../', document.baseURI)

/** What to do next, for people, where the API's own words are for programs. */
const NEXT = {
  'auth.invalid_credentials':
    'Check both. If you have just signed up, open the link in the mail first; if you forgot the password, ask for a new one below.',
  'auth.invalid_code': 'Wait for the next code of your authenticator app, or use a recovery code.',
  'auth.locked': 'Wait that long. If this was not you, your account is safe: nobody got in.',
  'auth.busy': 'Try again in a few seconds.',
  'auth.already_registered': 'Sign in with it to accept the invitation.',
  'auth.invalid_refresh_token': 'Sign in again.',
  'tenancy.email_not_verified': 'Open the link in the mail that asks you to confirm it, then accept again.',
  'tenancy.invitation_used': 'Sign in to the app and choose the organisation there.',
  'request.rate_limited': 'Wait a moment, then try again.',
  'request.unauthenticated': 'Sign in again.',
  'request.invalid': 'Correct what is marked and try again.',
}
/** Fields that a refusal is about. */
const FIELDS = {
  'auth.weak_password': ['new_password', 'password'],
  'auth.invalid_credentials': ['email', 'password'],
  'auth.invalid_code': ['code'],
}

/** A refusal, in the words of the API (RFC 9457 problem+json). */
export class Problem extends Error {
  constructor({ detail, next, code, errors = [], fields = FIELDS[code] ?? [] }) {
    super(detail)
    this.code = code
    this.next = NEXT[code] ?? next
    this.reasons = errors.map(({ pointer, message }) => `${fieldOf(pointer)}: ${message}.`)
    this.fields = [...errors.map(({ pointer }) => fieldOf(pointer)), ...fields]
  }
}

const fieldOf = (pointer) => pointer.split('/').at(-1)

/** Calls the API; answers the parsed body (null without one) and throws a Problem for everything that is no success. */
export async function call(method, path, { body, access } = {}) {
  const headers = {
    ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
    ...(access === undefined ? {} : { Authorization: `Bearer ${access}` }),
  }
  const sent = body === undefined ? {} : { body: JSON.stringify(body) }
  const options = { method, headers, ...sent, credentials: 'omit', cache: 'no-store', redirect: 'error' }
  const response = await fetch(new URL(path, API), options).catch(() => null)
  if (!response) {
    throw new Problem({
      detail: 'The server did not answer.',
      next: 'Check your connection and try again.',
    })
  }
  const answer = await response.json().catch(() => null)
  if (response.ok) return answer
  throw new Problem(
    answer?.detail
      ? answer
      : { detail: `The server could not answer (${response.status}).`, next: 'Try again in a moment.' },
  )
}

/** The session this page opened: the answer of the sign-in. */
let session = null

export const isSignedIn = () => session !== null

/** Keeps the tokens of a sign-in for as long as the page is open. */
export function keepSession(answer) {
  session = answer
}

/** Calls as the person who signed in; an access token that has run out is renewed once. */
export async function callSignedIn(method, path, body) {
  try {
    return await call(method, path, { body, access: session?.access_token })
  } catch (problem) {
    if (problem.code !== 'request.unauthenticated' || !session) throw problem
    const body = { refresh_token: session.refresh_token }
    const renewed = await call('POST', 'auth/v1/refresh', { body }).catch((ended) => {
      if (ended.code?.startsWith('auth.')) session = null
      throw ended
    })
    session = { ...session, ...renewed }
  }
  return call(method, path, { body, access: session.access_token })
}

/** Ends the session of this page; what happens on the way out is nobody's concern. */
export function signOut() {
  if (!session) return Promise.resolve()
  const body = JSON.stringify({ refresh_token: session.refresh_token })
  session = null
  return fetch(new URL('auth/v1/logout', API), {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body,
    credentials: 'omit',
    keepalive: true,
  }).catch(() => undefined)
}
