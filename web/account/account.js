/**
 * The pages that mails link to. The token of a link is kept in a variable of its page and nowhere else, and closing
 * the page ends the session it opened.
 */

import { call, callSignedIn, isSignedIn, keepSession, Problem, signOut } from './api.js'
import { all, busily, element, fill, one, onPress, onSubmit, say, show } from './view.js'

const ROLES = {
  org_admin: 'Administrator',
  billing_admin: 'Billing administrator',
  user: 'Member',
}

// Signing in

/** Wires the steps `sign-in` and `code`; `then` runs once somebody is signed in. */
function askWhoYouAre(then) {
  let mfaToken = null
  const enter = async (answer) => {
    if (answer.mfa_required) {
      mfaToken = answer.mfa_token
      return show('code')
    }
    keepSession(answer)
    await then(answer)
  }
  onSubmit('sign-in', async ({ email, password }) =>
    enter(await call('POST', 'auth/v1/login', { body: { email, password } })),
  )
  onSubmit('code', async ({ code }) => {
    const body = { mfa_token: mfaToken, code }
    const answer = await call('POST', 'auth/v1/login/mfa', { body }).catch((problem) => {
      if (problem.code !== 'auth.invalid_token') throw problem
      show('sign-in')
      throw new Problem({ detail: 'The time for the code is over.', next: 'Sign in again.' })
    })
    await enter(answer)
  })
}

/** Calls as the person who signed in; asks again who they are where their session has ended. */
async function callAsMe(method, path, body) {
  return callSignedIn(method, path, body).catch((problem) => {
    if (!isSignedIn()) show('sign-in')
    throw problem
  })
}

// The pages

/** Reads the token of the link, and takes it out of the address bar and the history at once. */
function takeToken() {
  const token = new URLSearchParams(location.hash.slice(1)).get('token')
  if (location.hash !== '') history.replaceState(null, '', location.pathname)
  return token
}

function verifyEmail() {
  const token = takeToken()
  onSubmit('verify', async () => {
    const answer = await call('POST', 'auth/v1/email/verify', { body: { token } }).catch((problem) => {
      if (problem.code === 'auth.invalid_token') show('ask')
      throw problem
    })
    fill({ email: answer.email })
    show('done')
  })
  askForMail('resend', 'auth/v1/email/resend')
  show(token ? 'confirm' : 'ask', { quietly: true })
}

function resetPassword() {
  const token = takeToken()
  onSubmit('reset', async ({ new_password, repeat }) => {
    if (new_password !== repeat) {
      throw new Problem({
        detail: 'The two passwords differ.',
        next: 'Type the same twice.',
        fields: ['repeat'],
      })
    }
    const body = { token, new_password }
    await call('POST', 'auth/v1/password/reset', { body }).catch((problem) => {
      if (problem.code === 'auth.invalid_token') show('ask')
      throw problem
    })
    show('done')
  })
  askForMail('forgot', 'auth/v1/password/forgot')
  show(token ? 'choose' : 'ask', { quietly: true })
}

function askForMail(form, path) {
  onSubmit(form, async ({ email }) => {
    fill({ detail: (await call('POST', path, { body: { email } })).detail })
    show('sent')
  })
}

async function acceptInvitation() {
  const token = takeToken()
  if (!token) return show('none', { quietly: true })
  let invited
  const look = async () => {
    invited = await call('POST', 'tenancy/v1/invitations/lookup', { body: { token } }).catch((problem) => {
      // What may be otherwise later can be tried again: the token is in this page only.
      show(problem.code?.startsWith('tenancy.') ? 'none' : 'retry', { quietly: true })
      throw problem
    })
    const { email, role, tenant_name, inviter, expires_at } = invited
    fill({ email, inviter, tenant: tenant_name, role: ROLES[role] ?? role, ends: timeOf(expires_at) })
    for (const input of all('[name="email"]')) {
      input.defaultValue = email
      input.readOnly = true
    }
    show('choose', { quietly: true })
  }
  const retry = one('#retry')
  onPress(retry, look)
  onSubmit('sign-up', async ({ password, name }) => {
    const named = name.trim() === '' ? {} : { name: name.trim() }
    const body = { email: invited.email, password, ...named, invitation: token }
    await call('POST', 'auth/v1/signup', { body }).catch((problem) => {
      if (problem.code === 'auth.already_registered') show('sign-in')
      throw problem
    })
    show('done')
  })
  askWhoYouAre(async () => {
    try {
      await callAsMe('POST', 'tenancy/v1/invitations/accept', { token })
    } finally {
      // It was for this alone.
      await signOut()
    }
    show('done')
  })
  await busily(retry, document, look)
}

function sessions() {
  takeToken()
  askWhoYouAre(async ({ user }) => {
    fill({ email: user.email })
    await listSessions()
    show('sessions')
  })
  onPress(one('#end-others'), async () => {
    const { sessions: ended } = await callAsMe('POST', 'auth/v1/sessions/revoke-others')
    await listSessions()
    one('[data-step="sessions"] h1').focus()
    say(ended === 1 ? 'One session was ended.' : `${ended} sessions were ended.`)
  })
  onPress(one('#sign-out'), async () => {
    await signOut()
    show('done')
  })
  show('sign-in', { quietly: true })
}

async function listSessions() {
  const { data } = await callAsMe('GET', 'auth/v1/sessions')
  const first = data.filter((item) => item.current)
  one('#sessions').replaceChildren(...[...first, ...data.filter((item) => !item.current)].map(sessionItem))
  one('#end-others').hidden = data.length === first.length
}

function sessionItem(item) {
  const device = deviceOf(item.user_agent)
  const name = element('p', {}, element('strong', { textContent: device }))
  if (item.current) name.append(' ', element('span', { className: 'badge', textContent: 'This page' }))
  if (item.impersonated)
    name.append(' ', element('span', { className: 'badge', textContent: 'Support staff' }))
  const used = `${item.ip} · last used ${timeOf(item.last_used_at)}`
  const text = element('div', {}, name, element('p', { className: 'quiet', textContent: used }))
  if (item.current) return element('li', {}, text)

  const button = element('button', { className: 'button second small', type: 'button', textContent: 'End' })
  button.setAttribute('aria-label', `End the session of ${device}, ${used}`)
  onPress(button, async () => {
    await callAsMe('DELETE', `auth/v1/sessions/${item.id}`)
    await listSessions()
    one('[data-step="sessions"] h1').focus()
    say('The session was ended.')
  })
  return element('li', {}, text, button)
}

const BROWSERS = [
  [/Edg(e|A|iOS)?\//, 'Edge'],
  [/OPR\//, 'Opera'],
  [/Firefox\/|FxiOS\//, 'Firefox'],
  [/Chrome\/|Chromium\/|CriOS\//, 'Chrome'],
  [/Safari\//, 'Safari'],
]
const SYSTEMS = [
  [/iPhone|iPad/, 'iOS'],
  [/Android/, 'Android'],
  [/Windows/, 'Windows'],
  [/Mac OS X|Macintosh/, 'macOS'],
  [/Linux|X11/, 'Linux'],
]

/** A device in a few words; what is no browser keeps its own. */
function deviceOf(agent) {
  if (!agent) return 'Unknown device'
  const [browser, system] = [BROWSERS, SYSTEMS].map((list) => list.find(([sign]) => sign.test(agent))?.[1])
  if (browser) return system ? `${browser} on ${system}` : browser
  return agent.length > 60 ? `${agent.slice(0, 59)}…` : agent
}

function timeOf(text) {
  return new Date(text).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short' })
}

const PAGES = {
  'verify-email': verifyEmail,
  'reset-password': resetPassword,
  'accept-invitation': acceptInvitation,
  sessions,
}

PAGES[location.pathname.split('/').at(-1)]()
// Another link opened in the same tab changes nothing but the fragment.
addEventListener('hashchange', () => location.reload())
addEventListener('pagehide', () => signOut())
addEventListener('pageshow', (event) => {
  if (event.persisted) location.reload()
})
