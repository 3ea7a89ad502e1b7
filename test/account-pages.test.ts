import { existsSync } from 'node:fs'
import { expect } from 'chai'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { newId } from '../server/kernel/ids.js'
import { readMailbox } from '../server/outbound/read-mailbox.js'
import { addTotp } from '../server/services/auth/test-support.js'
import { unsubscribeUrl } from '../server/services/notifications/operations/unsubscribe.js'
import { buildMember, PASSWORD, unique } from './build.js'
import { useServer } from './server.js'
import { asAdmin, stores } from './stores.js'

/** Where Debian puts it; a machine without it has no such tests. */
const CHROMIUM = '/usr/bin/chromium'
const FLAGS = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
  ...['--disable-component-update', '--disable-sync'],
]
const NEW_PASSWORD = 'seven green lanterns on a boat'
/** For looking at the pages: a folder that takes a picture of every step. */
const PICTURES = process.env.VETRAI_TEST_PICTURES

if (existsSync(CHROMIUM)) {
  describe('the account pages in a browser', function () {
    this.timeout(60_000)
    const server = useServer()
    let browser: Browser
    let context: BrowserContext
    let page: Page
    /** What the browser complained about, and the addresses it asked for. */
    let complaints: string[]
    let addresses: string[]

    before(async () => {
      browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS })
    })
    after(() => browser.close())
    beforeEach(async () => {
      context = await browser.newContext()
      page = await context.newPage()
      page.setDefaultTimeout(10_000)
      complaints = []
      addresses = []
      page.on('console', (message) => {
        if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
      })
      page.on('pageerror', (error) => complaints.push(String(error)))
      page.on('request', (request) => addresses.push(request.url()))
    })
    afterEach(async () => {
      const stored = await page.evaluate('[localStorage.length, sessionStorage.length, document.cookie]')
      expect(stored, 'something was kept in the browser').to.deep.equal([0, 0, ''])
      await context.close()
      // Chromium logs every answer that is a refusal; anything else is a mistake of ours.
      const ours = complaints.filter(
        (text) => !text.startsWith('Failed to load resource: the server responded'),
      )
      expect(ours, 'the browser complained').to.deep.equal([])
      const leaked = addresses
        .map((url) => new URL(url))
        .filter((url) => url.search || /vtr_/.test(url.pathname))
      expect(leaked, 'a secret was in an address').to.deep.equal([])
      expect(addresses.filter((url) => !url.startsWith(server.url))).to.deep.equal([])
    })

    /** Opens the link of the newest mail to an address, at this server. */
    async function openMailedLink(email: string): Promise<void> {
      await server.outbox.drain()
      const mails = (await readMailbox(server.mailbox)).filter((mail) => mail.to === email)
      const link = /http:\/\/vetrai\.test(\/account\/\S+#token=\S+)/.exec(mails.at(-1)?.text ?? '')?.[1]
      if (!link) throw new Error(`no link was mailed to ${email}`)
      await page.goto(server.url + link)
      // The token leaves the address bar.
      await page.waitForURL((url) => url.hash === '')
    }
    const press = (name: string) => page.getByRole('button', { name, exact: true }).click()
    const type = (label: string, text: string) =>
      page.getByLabel(label, { exact: true }).filter({ visible: true }).fill(text)
    const problem = () => page.getByRole('alert').innerText()
    let pictures = 0
    /** Waits for the heading of a step. */
    async function reach(heading: string): Promise<void> {
      await page.getByRole('heading', { level: 1, name: heading }).waitFor()
      if (PICTURES) await takePictures(page, `${PICTURES}/${++pictures}-${heading.replace(/\W+/g, '-')}`)
    }
    async function signInHere(email: string, password = PASSWORD): Promise<void> {
      await type('E-mail address', email)
      await type('Password', password)
      await press('Sign in')
    }
    const canSignIn = async (email: string, password: string) =>
      (await server.post('/auth/v1/login', { email, password })).status === 200

    it('says at / that the server runs', async () => {
      await page.goto(server.url)
      await reach('This is vetrai')
      await page.getByRole('link', { name: 'Your sessions' }).click()
      await reach('Sign in')
    })

    it('confirms an address by a press of the button, not by opening the link', async () => {
      const email = `${unique('new')}@example.com`
      await server.post('/auth/v1/signup', { email, password: PASSWORD })
      await openMailedLink(email)
      await reach('Confirm your e-mail address')
      expect(await canSignIn(email, PASSWORD), 'opening the link used it').to.equal(false)
      await press('Confirm address')
      await reach('Your address is confirmed')
      expect(await page.getByRole('main').innerText()).to.contain(email)
      expect(await canSignIn(email, PASSWORD)).to.equal(true)
    })

    it('says why a link does not work and offers another', async () => {
      await page.goto(`${server.url}/account/verify-email#token=vtr_ev_spent`)
      await press('Confirm address')
      await reach('Get a new link')
      expect(await problem()).to.contain('This link or token is not valid')
      await type('E-mail address', 'somebody@example.com')
      await press('Send a new link')
      await reach('Look into your mail')
      expect(await page.getByRole('main').innerText()).to.contain('a mail is on its way')
    })

    it('unsubscribes by a press of the button, not by opening the link', async () => {
      const link = { tenantId: null, recipient: newId(), category: 'news' }
      const told = async () => {
        const { rows } = await asAdmin(
          await stores(),
          `select 1 from outbox where payload->>'recipient' = '${link.recipient}'`,
          server.databaseName,
        )
        return rows.length
      }
      await page.goto(server.url + new URL(unsubscribeUrl(server.resources, link)).pathname)
      await reach('Stop these messages?')
      expect(await told(), 'opening the link used it').to.equal(0)
      await press('Unsubscribe')
      await reach('You are unsubscribed')
      expect(await told()).to.equal(1)
    })

    it('resets a password and signs in with the new one', async () => {
      const person = await buildMember(server)
      await page.goto(`${server.url}/account/reset-password`)
      await reach('Reset your password')
      await type('E-mail address', person.email)
      await press('Send me a link')
      await reach('Look into your mail')

      await openMailedLink(person.email)
      await reach('Choose a new password')
      await type('New password', NEW_PASSWORD)
      await type('The same again', `${NEW_PASSWORD}!`)
      await press('Save the new password')
      expect(await problem()).to.contain('The two passwords differ.')
      await type('New password', 'password1')
      await type('The same again', 'password1')
      await press('Save the new password')
      await page.getByText('among those that attackers try first').waitFor()
      expect(await page.getByLabel('New password', { exact: true }).getAttribute('aria-invalid')).to.equal(
        'true',
      )
      await reach('Choose a new password')
      await type('New password', NEW_PASSWORD)
      await type('The same again', NEW_PASSWORD)
      await press('Save the new password')
      await reach('Your password is changed')
      expect(await canSignIn(person.email, PASSWORD)).to.equal(false)

      await page.getByRole('link', { name: 'Sign in and look at your sessions' }).click()
      await signInHere(person.email, NEW_PASSWORD)
      await reach('Your sessions')
    })

    it('makes an account of an invitation', async () => {
      const admin = await buildMember(server)
      const email = `${unique('guest')}@example.com`
      await admin.api.post('/tenancy/v1/invitations', { email, role: 'billing_admin' })
      await openMailedLink(email)
      await reach('You are invited to An organisation')
      expect(await page.getByRole('main').innerText())
        .to.contain('Billing administrator')
        .and.contain(email)
      await press('Create an account')
      await reach('Create your account')
      await type('Your name (optional)', 'Grace')
      await type('Password', 'short')
      await press('Create account and join')
      await page.getByText('shorter than 8 characters').waitFor()
      await type('Password', NEW_PASSWORD)
      await press('Create account and join')
      await reach('Welcome to An organisation')

      const login = await server.post('/auth/v1/login', { email, password: NEW_PASSWORD })
      expect(login.body.user).to.include({ name: 'Grace' })
      expect(login.body.user.memberships[0]).to.include({ tenant_id: admin.tenant.id, role: 'billing_admin' })
    })

    it('accepts an invitation with an account that has a second factor, and leaves no session', async () => {
      const [admin, guest] = [await buildMember(server), await buildMember(server)]
      const factor = await addTotp(server, guest)
      await admin.api.post('/tenancy/v1/invitations', { email: guest.email })
      await openMailedLink(guest.email)
      await press('Create an account')
      await type('Password', NEW_PASSWORD)
      await press('Create account and join')
      await reach('Sign in')
      expect(await problem()).to.contain('This address has an account already.')
      await type('Password', PASSWORD)
      await press('Sign in')
      await reach('Enter your code')
      await type('Code', '000000')
      await press('Continue')
      await page.getByText('The code is wrong').waitFor()
      await type('Code', factor.codeAt(0))
      await press('Continue')
      await reach('Welcome to An organisation')

      const me = await guest.api.get('/auth/v1/me')
      expect(me.body.memberships.map((one: { tenant_id: string }) => one.tenant_id)).to.include(
        admin.tenant.id,
      )
      expect((await guest.api.get('/auth/v1/sessions')).body.data).to.have.lengthOf(1)
    })

    it('says that an invitation was taken back', async () => {
      const admin = await buildMember(server)
      const email = `${unique('guest')}@example.com`
      const made = await admin.api.post('/tenancy/v1/invitations', { email })
      await server.outbox.drain()
      await admin.api.delete(`/tenancy/v1/invitations/${made.body.id}`)
      await openMailedLink(email)
      await reach('Open the link in your invitation')
      expect(await problem()).to.contain('The invitation is revoked.')
    })

    it('lists sessions, ends one and all others, and ends its own when it is left', async () => {
      const person = await buildMember(server)
      await page.goto(`${server.url}/account/sessions`)
      await signInHere(person.email, 'not the password')
      await page.getByText('The e-mail address or the password is wrong.').waitFor()
      for (const _ of [1, 2]) await server.post('/auth/v1/login', { email: person.email, password: PASSWORD })
      await signInHere(person.email)
      await reach('Your sessions')
      const items = page.locator('#sessions li')
      expect(await items.count()).to.equal(4)
      expect(await items.first().innerText()).to.match(/^Chrome on Linux\s+This page/)

      await items.nth(1).getByRole('button').click()
      await page.getByText('The session was ended.').waitFor()
      expect(await items.count()).to.equal(3)
      await press('End all others')
      await page.getByText('2 sessions were ended.').waitFor()
      expect(await items.count()).to.equal(1)
      expect((await person.api.get('/auth/v1/me')).status, 'an ended session works').to.equal(401)

      await page.goto(server.url)
      const again = await server.post('/auth/v1/login', { email: person.email, password: PASSWORD })
      const left = await server.as(again.body.access_token).get('/auth/v1/sessions')
      expect(left.body.data).to.have.lengthOf(1)
    })

    it('signs out where asked', async () => {
      const person = await buildMember(server)
      await page.goto(`${server.url}/account/sessions`)
      await signInHere(person.email)
      await reach('Your sessions')
      await press('Sign out')
      await reach('You are signed out')
      expect((await person.api.get('/auth/v1/sessions')).body.data).to.have.lengthOf(1)
    })

    it('renews the access token when it runs out, and asks to sign in when the session has ended', async () => {
      const person = await buildMember(server)
      await page.goto(`${server.url}/account/sessions`)
      await signInHere(person.email)
      await reach('Your sessions')
      server.now = () => new Date(Date.now() + 20 * 60_000)
      await press('End all others')
      await page.getByText('One session was ended.').waitFor()
      server.now = undefined

      const again = await server.post('/auth/v1/login', { email: person.email, password: PASSWORD })
      await page.reload()
      await signInHere(person.email)
      await reach('Your sessions')
      await server.as(again.body.access_token).post('/auth/v1/sessions/revoke-others')
      await press('End all others')
      await reach('Sign in')
      expect(await problem())
        .to.contain('its session has ended')
        .and.contain('Sign in again.')
    })

    it('fits a narrow screen', async () => {
      await page.setViewportSize({ width: 320, height: 640 })
      for (const path of ['', 'account/sessions', 'account/reset-password', 'account/accept-invitation']) {
        await page.goto(`${server.url}/${path}`)
        const wider = await page.evaluate('document.documentElement.scrollWidth > innerWidth')
        expect(wider, path).to.equal(false)
      }
    })

    it('explains itself where JavaScript is off', async () => {
      await page.goto(server.url)
      const plain = await browser.newContext({ javaScriptEnabled: false })
      const still = await plain.newPage()
      await still.goto(`${server.url}/account/reset-password#token=vtr_pr_x`)
      expect(await still.getByRole('main').innerText()).to.contain('This page needs JavaScript')
      expect(await still.locator('form:visible').count()).to.equal(0)
      await plain.close()
    })
  })
}

async function takePictures(page: Page, name: string): Promise<void> {
  for (const [width, colorScheme] of [
    [1000, 'light'],
    [1000, 'dark'],
    [360, 'light'],
  ] as const) {
    await page.setViewportSize({ width, height: 760 })
    await page.emulateMedia({ colorScheme })
    // Colours fade into each other.
    await page.waitForTimeout(200)
    await page.screenshot({ path: `${name}-${width}-${colorScheme}.png` })
  }
}
