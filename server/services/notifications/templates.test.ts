import { expect } from 'chai'
import { type BuiltUser, buildKey, buildMember, buildStaff, unique } from '../../../test/build.js'
import { useServer } from '../../../test/server.js'
import { MESSAGES } from '../../messages/catalogue/messages.js'
import { readMailbox } from '../../outbound/read-mailbox.js'

const TEMPLATES = '/notifications/v1/templates'
const ORDER = {
  name: 'Order shipped',
  variables: {
    number: { kind: 'plain', example: 'A-1' },
    tracking: { kind: 'url', example: 'https://track.example/1', optional: true },
  },
}
const WORDS = {
  email: {
    subject: 'Order {{number}} is on its way',
    body: '<mj-text><p>Order {{number}}.</p></mj-text>{{#tracking}}<mj-button href="{{tracking}}">Follow it</mj-button>{{/tracking}}',
  },
  in_app: { title: 'Order {{number}}', body: 'It is on its way.', action_url: '{{tracking}}' },
  sms: { text: 'Order {{number}} is on its way. {{tracking}}' },
}

describe('notification templates', function () {
  this.timeout(60_000)
  const server = useServer()

  /** A template of the member's own with words in English. */
  async function build(admin: BuiltUser, more: Record<string, unknown> = {}): Promise<string> {
    const key = unique('order')
    const res = await admin.api.post(TEMPLATES, { key, ...ORDER, content: { en: WORDS }, ...more })
    expect(res.status, res.text).to.equal(201)
    return key
  }
  const publish = async (admin: BuiltUser, key: string, body: object = {}) => {
    const res = await admin.api.post(`${TEMPLATES}/${key}/publish`, body)
    expect(res.status, res.text).to.equal(200)
    return res.body
  }
  const preview = async (admin: BuiltUser, key: string, body: object = {}) => {
    const res = await admin.api.post(`${TEMPLATES}/${key}/preview`, body)
    expect(res.status, res.text).to.equal(200)
    return res.body
  }
  const patch = (admin: BuiltUser, key: string, content: object) =>
    admin.api.patch(`${TEMPLATES}/${key}`, { content })

  describe('GET templates', () => {
    it('lists what is shipped and the tenant’s own by key, page by page, by origin and category', async () => {
      const admin = await buildMember(server)
      const key = await build(admin, { category: 'shop' })
      const seen: string[] = []
      let cursor: string | null = null
      do {
        const page = await admin.api.get(`${TEMPLATES}?limit=10${cursor ? `&cursor=${cursor}` : ''}`)
        expect(page.status, page.text).to.equal(200)
        seen.push(...page.body.data.map((one: { key: string }) => one.key))
        cursor = page.body.next_cursor
      } while (cursor)
      expect(seen).to.deep.equal([...Object.keys(MESSAGES), key].sort())
      const keysOf = async (query: string) =>
        (await admin.api.get(`${TEMPLATES}?${query}`)).body.data.map((one: { key: string }) => one.key)
      expect(await keysOf('origin=own')).to.deep.equal([key])
      expect(await keysOf('category=shop')).to.deep.equal([key])
      expect(await keysOf('origin=shipped&category=support')).to.deep.equal([
        'ticket-reply',
        'ticket-reply-agent',
      ])
      expect((await admin.api.get(`${TEMPLATES}?cursor=abc.def`)).body.code).to.equal('page.bad_cursor')
    })

    it('shows variables and shipped words to begin from', async () => {
      const admin = await buildMember(server)
      const { body } = await admin.api.get(`${TEMPLATES}/invoice`)
      expect(body).to.include({
        origin: 'shipped',
        customizable: true,
        category: 'billing',
        has_draft: false,
      })
      expect(body.variables.total).to.include({ kind: 'money', optional: false })
      expect(body.variables.lines.fields.amount.kind).to.equal('money')
      expect(body.shipped.de.email.subject).to.contain('Rechnung {{number}}')
      expect(body.locales).to.deep.equal(['de', 'en', 'es', 'fr'])
    })
  })

  describe('permissions', () => {
    it('let administrators change, support read, and others neither', async () => {
      const admin = await buildMember(server)
      const key = await build(admin)
      const member = await buildMember(server, { tenant: admin.tenant, role: 'user' })
      const agent = (await buildStaff(server, 'support_agent')).api.in(admin.tenant.id)
      expect((await agent.get(`${TEMPLATES}/${key}`)).status).to.equal(200)
      expect((await agent.post(`${TEMPLATES}/${key}/preview`, {})).status).to.equal(200)
      expect((await agent.post(`${TEMPLATES}/${key}/publish`, {})).status).to.equal(403)
      expect((await member.api.get(`${TEMPLATES}/${key}`)).status).to.equal(403)
      const reader = server.as((await buildKey(admin, ['notifications:read'])).key)
      expect((await reader.get(TEMPLATES)).status).to.equal(200)
      expect((await reader.patch(`${TEMPLATES}/${key}`, { name: 'x' })).status).to.equal(403)
      expect((await server.get(TEMPLATES)).status).to.equal(401)
    })

    it('end at the tenant: another’s template is not there, in no call', async () => {
      const [ours, theirs] = await Promise.all([buildMember(server), buildMember(server)])
      const key = await build(theirs)
      const version = await publish(theirs, key)
      const at = `${TEMPLATES}/${key}`
      for (const answer of [
        await ours.api.get(at),
        await ours.api.patch(at, { name: 'x' }),
        await ours.api.delete(at),
        await ours.api.post(`${at}/publish`, {}),
        await ours.api.post(`${at}/unpublish`),
        await ours.api.post(`${at}/rollback`, { version: 1 }),
        await ours.api.get(`${at}/versions`),
        await ours.api.get(`${at}/versions/${version.id}`),
        await ours.api.post(`${at}/preview`, {}),
      ]) {
        expect(answer.status, answer.text).to.equal(404)
        expect(answer.body.code).to.equal('notifications.template_unknown')
      }
      // The same key is free for others, and a version of another tenant is none of theirs.
      expect((await ours.api.post(TEMPLATES, { key, ...ORDER, content: { en: WORDS } })).status).to.equal(201)
      expect((await ours.api.get(`${at}/versions/${version.id}`)).body.code).to.equal(
        'notifications.version_unknown',
      )
    })
  })

  describe('a template of one’s own', () => {
    it('is refused with a key that is taken, or variables that do not fit', async () => {
      const admin = await buildMember(server)
      const key = await build(admin)
      for (const taken of [key, 'invoice']) {
        expect((await admin.api.post(TEMPLATES, { key: taken, ...ORDER })).body.code).to.equal(
          'notifications.template_exists',
        )
      }
      for (const variables of [
        { app_name: { kind: 'plain', example: 'x' } },
        { theme_page: { kind: 'plain', example: 'x' } },
        { Number: { kind: 'plain', example: 'x' } },
        { x: { kind: 'html', example: 'x' } },
        { x: { kind: 'url', example: 'javascript:alert(1)' } },
        { x: { kind: 'choice', options: ['a'], example: 'b' } },
        { x: { kind: 'list', fields: { y: { kind: 'number', example: 1 } }, example: [{ y: 'no' }] } },
      ]) {
        const res = await admin.api.post(TEMPLATES, { key: unique('t'), name: 'x', variables })
        expect(res.status, JSON.stringify(variables)).to.equal(422)
        expect(res.body.errors[0].pointer).to.match(/^\/variables/)
      }
    })

    it('is gone with its versions when it is deleted', async () => {
      const admin = await buildMember(server)
      const key = await build(admin)
      await publish(admin, key)
      expect((await admin.api.delete(`${TEMPLATES}/${key}`)).status).to.equal(204)
      expect((await admin.api.get(`${TEMPLATES}/${key}`)).status).to.equal(404)
      await build(admin)
      const again = await admin.api.post(TEMPLATES, { key, ...ORDER, content: { en: WORDS } })
      expect(again.status).to.equal(201)
      expect((await publish(admin, key)).version).to.equal(1)
    })
  })

  describe('a draft', () => {
    it('begins as what is sent, and a patch changes only what it names', async () => {
      const admin = await buildMember(server)
      const { body } = await patch(admin, 'invoice', {
        de: { email: { subject: 'Ihre Rechnung {{number}}' } },
      })
      expect(body.draft.de.email.subject).to.equal('Ihre Rechnung {{number}}')
      expect(body.draft.de.email.body).to.equal(body.shipped.de.email.body)
      expect(Object.keys(body.draft)).to.deep.equal(['de'])
      await publish(admin, 'invoice')
      const next = await patch(admin, 'invoice', {
        en: { sms: { text: 'Pay {{total}}' } },
        de: { in_app: null },
      })
      expect(Object.keys(next.body.draft).sort()).to.deep.equal(['de', 'en'])
      expect(next.body.draft.de.in_app).to.equal(undefined)
      expect(next.body.draft.de.email.subject).to.equal('Ihre Rechnung {{number}}')
      expect(next.body.channels).to.include('sms')
    })

    it('is refused where it is not of the shape of words, with a pointer', async () => {
      const admin = await buildMember(server)
      for (const [content, pointer] of [
        [{ en: { email: { subject: 'a\nb' } } }, '/content/en/email/subject'],
        [{ en: { fax: { text: 'x' } } }, '/content/en'],
        [{ en: { sms: { text: 7 } } }, '/content/en/sms/text'],
        [{ English: {} }, '/content/English'],
      ] as const) {
        const res = await patch(admin, 'invoice', content)
        expect(res.status, JSON.stringify(content)).to.equal(422)
        expect(res.body.errors[0].pointer).to.equal(pointer)
      }
    })

    it('does not change when somebody else changed it first', async () => {
      const admin = await buildMember(server)
      const key = await build(admin)
      const etag = (await admin.api.get(`${TEMPLATES}/${key}`)).headers.get('etag') ?? ''
      const withTag = admin.api.with({ 'if-match': etag })
      expect((await withTag.patch(`${TEMPLATES}/${key}`, { name: 'First' })).status).to.equal(200)
      const second = await withTag.patch(`${TEMPLATES}/${key}`, { name: 'Second' })
      expect(second.status).to.equal(412)
      expect((await admin.api.get(`${TEMPLATES}/${key}`)).body.name).to.equal('First')
    })

    it('of a shipped message changes words only, and none that are the installation’s', async () => {
      const admin = await buildMember(server)
      const renamed = await admin.api.patch(`${TEMPLATES}/invoice`, { name: 'Bill' })
      expect(renamed.body.code).to.equal('notifications.message_shipped')
      for (const [key, { isCustomizable }] of Object.entries(MESSAGES)) {
        if (isCustomizable) continue
        const res = await patch(admin, key, { en: { sms: { text: 'Send me your password' } } })
        expect(res.body.code, key).to.equal('notifications.template_fixed')
      }
    })
  })

  describe('publishing', () => {
    it('refuses what is not right, all of it at once, and sends what was sent', async () => {
      const admin = await buildMember(server)
      const key = await build(admin)
      await publish(admin, key)
      await patch(admin, key, {
        en: { email: { subject: '{{nope}}', body: '<mj-text>\n<script>x</script></mj-text>' } },
        de: { sms: { text: '{{{number}}}' }, in_app: { title: 'x', body: 'x', action_url: 'javascript:x' } },
      })
      const res = await admin.api.post(`${TEMPLATES}/${key}/publish`, {})
      expect(res.status).to.equal(422)
      expect(res.body.code).to.equal('notifications.draft_invalid')
      expect(res.body.errors.map((one: { pointer: string }) => one.pointer).sort()).to.deep.equal([
        '/de/in_app/action_url',
        '/de/sms/text',
        '/en/email/body',
        '/en/email/subject',
      ])
      expect(res.text).to.contain('Line 2: <script> is not allowed.')
      expect((await preview(admin, key, { source: 'published' })).email.subject).to.equal(
        'Order A-1 is on its way',
      )
    })

    it('refuses words that say nothing, or too much for a text message', async () => {
      const admin = await buildMember(server)
      const number = { kind: 'plain', example: 'A-1'.repeat(20) }
      const content = { en: { sms: { text: '{{number}} '.repeat(80) } } }
      const key = await build(admin, { content, variables: { ...ORDER.variables, number } })
      const long = await admin.api.post(`${TEMPLATES}/${key}/publish`, {})
      expect(long.body.errors[0]).to.include({ pointer: '/en/sms/text' })
      await patch(admin, key, { en: { sms: null, push: { title: '{{tracking}}', body: 'x' } } })
      await admin.api.patch(`${TEMPLATES}/${key}`, {
        variables: { tracking: { kind: 'flag', example: false }, number: ORDER.variables.number },
        content: { en: { push: { title: '{{#tracking}}x{{/tracking}}', body: 'x' } } },
      })
      const empty = await admin.api.post(`${TEMPLATES}/${key}/publish`, {})
      expect(empty.body.errors).to.deep.include({
        pointer: '/en/push/title',
        code: 'unfit',
        message: 'With the examples it is empty.',
      })
      await patch(admin, key, { en: { push: null } })
      expect((await admin.api.post(`${TEMPLATES}/${key}/publish`, {})).body.errors[0].pointer).to.equal('/en')
    })

    it('makes numbered versions that keep their words, newest first, and can be gone back to', async () => {
      const admin = await buildMember(server)
      const key = await build(admin)
      expect((await admin.api.post(`${TEMPLATES}/invoice/publish`, {})).body.code).to.equal(
        'notifications.draft_missing',
      )
      const first = await publish(admin, key, { note: 'the first' })
      await patch(admin, key, { en: { sms: { text: 'Two: {{number}}' } } })
      const second = await publish(admin, key)
      expect([first.version, second.version, second.is_published]).to.deep.equal([1, 2, true])
      const { data } = (await admin.api.get(`${TEMPLATES}/${key}/versions`)).body
      expect(data.map((one: { version: number; note: string }) => [one.version, one.note])).to.deep.equal([
        [2, null],
        [1, 'the first'],
      ])
      for (const address of [first.id, '1']) {
        const { body } = await admin.api.get(`${TEMPLATES}/${key}/versions/${address}`)
        expect(body.content.en).to.deep.equal(WORDS)
        expect(body.is_published).to.equal(false)
      }
      const back = await admin.api.post(`${TEMPLATES}/${key}/rollback`, { version: 1 })
      expect(back.body).to.include({ version: 1, is_published: true })
      expect((await preview(admin, key)).sms.text).to.match(/^Order A-1/)
      await patch(admin, key, { en: { sms: { text: 'Three' } } })
      expect((await publish(admin, key)).version).to.equal(3)
      expect((await admin.api.post(`${TEMPLATES}/${key}/rollback`, { version: 9 })).status).to.equal(404)
    })

    it('gives each of several that publish at once a version of its own, or says that the draft changed', async () => {
      const admin = await buildMember(server)
      const key = await build(admin)
      const answers = await Promise.all(
        Array.from({ length: 5 }, () => admin.api.post(`${TEMPLATES}/${key}/publish`, {})),
      )
      expect(answers.filter(({ status }) => status === 200)).to.have.length(1)
      for (const { status, body } of answers) {
        if (status !== 200)
          expect(body.code).to.be.oneOf(['notifications.draft_changed', 'notifications.draft_missing'])
      }
    })

    it('writes versions that nobody who serves requests can change', async () => {
      const admin = await buildMember(server)
      const key = await build(admin)
      await publish(admin, key)
      const { db } = server.resources
      for (const [table, column] of [
        ['notification_template_versions', 'note'],
        ['notification_template_texts', 'locale'],
      ]) {
        for (const text of [`update ${table} set ${column} = 'x'`, `delete from ${table}`]) {
          const attempt = db.transaction({ role: 'app', tenantId: admin.tenant.id }, () => db.query({ text }))
          const error = await attempt.catch((thrown: unknown) => thrown)
          expect(error, text).to.have.property('code', '42501')
        }
      }
    })

    it('leaves a line in the audit log, without any words', async () => {
      const admin = await buildMember(server)
      const key = await build(admin)
      await publish(admin, key)
      const { data } = (await admin.api.get('/tenancy/v1/audit-logs?limit=5')).body
      const line = data.find((one: { action: string }) => one.action === 'notification_template.published')
      expect(line).to.deep.include({ target: key, detail: { version: 1 } })
      expect(JSON.stringify(data)).to.not.contain('on its way')
    })
  })

  describe('going back', () => {
    it('to what is shipped ends the tenant’s own words at once, and keeps its versions', async () => {
      const admin = await buildMember(server)
      await patch(admin, 'announcement', { en: { email: { subject: 'OURS {{title}}' } } })
      await publish(admin, 'announcement')
      const subject = async () => (await preview(admin, 'announcement')).email.subject
      expect(await subject()).to.equal('OURS Maintenance on Sunday')
      const { body } = await admin.api.post(`${TEMPLATES}/announcement/unpublish`)
      expect(body.published_version).to.equal(null)
      expect(await subject()).to.equal('Maintenance on Sunday')
      await admin.api.post(`${TEMPLATES}/announcement/rollback`, { version: 1 })
      expect(await subject()).to.equal('OURS Maintenance on Sunday')
      await patch(admin, 'announcement', { en: { email: { subject: 'a draft' } } })
      expect((await admin.api.delete(`${TEMPLATES}/announcement`)).status).to.equal(204)
      expect(await subject()).to.equal('Maintenance on Sunday')
      const after = (await admin.api.get(`${TEMPLATES}/announcement`)).body
      expect(after).to.include({ has_draft: false, published_version: null })
      expect((await admin.api.get(`${TEMPLATES}/announcement/versions`)).body.data).to.have.length(1)
    })
  })

  describe('a preview', () => {
    it('shows every channel, of a draft, of what is published and of what is shipped', async () => {
      const admin = await buildMember(server)
      const key = await build(admin)
      const drafted = await preview(admin, key, { data: { number: 'B-2', tracking: null } })
      expect(drafted.source).to.equal('draft')
      expect(drafted.email.subject).to.equal('Order B-2 is on its way')
      expect(drafted.email.html).to.contain('Order B-2.').and.not.contain('Follow it')
      expect(drafted.in_app).to.deep.equal({
        title: 'Order B-2',
        body: 'It is on its way.',
        action_url: null,
        locale: 'en',
      })
      expect(drafted.sms).to.deep.equal({
        text: 'Order B-2 is on its way.',
        encoding: 'gsm7',
        segments: 1,
        locale: 'en',
      })
      expect(drafted.push).to.equal(null)
      expect((await preview(admin, 'invoice', { locale: 'de' })).email.locale).to.equal('de')
      const none = await admin.api.post(`${TEMPLATES}/${key}/preview`, { source: 'published' })
      expect(none.body.code).to.equal('notifications.draft_missing')
    })

    it('says what of the data does not fit', async () => {
      const admin = await buildMember(server)
      const key = await build(admin)
      const res = await admin.api.post(`${TEMPLATES}/${key}/preview`, { data: { tracking: 'javascript:x' } })
      expect(res.status).to.equal(422)
      expect(res.body.detail).to.contain('tracking is not an http(s) address')
    })

    it('of hostile words and data is refused, or runs and loads nothing', async () => {
      const admin = await buildMember(server)
      const key = await build(admin)
      for (const body of [
        '<mj-raw><script>alert(1)</script></mj-raw>',
        '<mj-include path="/etc/passwd" type="html" />',
        '<mj-text><a href="javascript:alert(1)">x</a></mj-text>',
        '<mj-text color="#fff;background:url(https://evil.example)">x</mj-text>',
        '<mj-text>&#123;&#123;{number}}}</mj-text>',
      ]) {
        await patch(admin, key, { en: { email: { body } } })
        const res = await admin.api.post(`${TEMPLATES}/${key}/preview`, {})
        expect(res.body.code, body).to.equal('notifications.draft_invalid')
      }
      await patch(admin, key, { en: { email: { body: WORDS.email.body } } })
      const { email } = await preview(admin, key, {
        data: {
          number: '"><img src=x onerror=alert(1)>\r\nBcc: a@b.example',
          tracking: 'https://t.example/">',
        },
      })
      expect(email.html).to.not.match(/<img|onerror=alert\(1\)>/)
      expect(email.subject).to.not.match(/[\r\n]/)
    })
  })

  describe('a test mail', () => {
    const setProven = (admin: BuiltUser, at: Date | null) =>
      server.resources.db.transaction({ role: 'system', tenantId: null }, () =>
        server.resources.db.query({
          text: 'update users set email_verified_at = $2 where id = $1',
          values: [admin.id, at],
        }),
      )

    it('goes to the caller’s own proven address and nowhere else', async () => {
      const admin = await buildMember(server)
      const key = await build(admin)
      await setProven(admin, null)
      const unproven = await admin.api.post(`${TEMPLATES}/${key}/test`, {})
      expect(unproven.body.code).to.equal('auth.email_not_verified')
      await setProven(admin, new Date())
      const res = await admin.api.post(`${TEMPLATES}/${key}/test`, { data: { number: 'C-3' } })
      expect(res.body).to.deep.equal({
        to: admin.email,
        subject: '[Test] Order C-3 is on its way',
        locale: 'en',
      })
      const mails = (await readMailbox(server.mailbox)).filter(({ to }) => to === admin.email)
      expect(mails.at(-1)).to.deep.include({ subject: '[Test] Order C-3 is on its way' })
      expect(mails.at(-1)?.html).to.contain('Follow it')
    })

    it('is for people: a key has no address', async () => {
      const admin = await buildMember(server)
      const key = await build(admin)
      const machine = server.as((await buildKey(admin, ['notifications:write'])).key)
      expect((await machine.post(`${TEMPLATES}/${key}/test`, {})).status).to.equal(403)
    })
  })

  describe('the theme', () => {
    it('is that of the tenant in every message, and is replaced as a whole', async () => {
      const [ours, theirs] = await Promise.all([buildMember(server), buildMember(server)])
      const put = await ours.api.put('/notifications/v1/theme', {
        product_name: 'Sonnenschein',
        brand_color: '#F5C518',
        logo_url: 'https://cdn.example/logo.png',
        footer_address: 'Sonnenschein GmbH, Berlin',
        default_locale: 'de',
        time_zone: 'Europe/Berlin',
      })
      expect(put.status, put.text).to.equal(200)
      const mine = (await preview(ours, 'key-expiring')).email
      expect(mine.locale).to.equal('de')
      expect(mine.html).to.contain('#f5c518').and.contain('cdn.example/logo.png').and.contain('GmbH, Berlin')
      expect(mine.text).to.contain('Sonnenschein hat diese Nachricht gesendet')
      expect(mine.text).to.contain('31. Januar 2026 um 13:05')
      const other = (await preview(theirs, 'key-expiring')).email
      expect(other.locale).to.equal('en')
      expect(other.html).to.not.contain('f5c518')
      await ours.api.put('/notifications/v1/theme', { product_name: 'Acme' })
      const { body } = await ours.api.get('/notifications/v1/theme')
      expect(body).to.include({ product_name: 'Acme', brand_color: null, default_locale: null })
      expect((await preview(ours, 'key-expiring')).email.html).to.not.contain('f5c518')
    })

    it('is refused with an address or a colour that could be anything else', async () => {
      const admin = await buildMember(server)
      for (const body of [
        { logo_url: 'http://cdn.example/x.png' },
        { logo_url: 'javascript:alert(1)' },
        { brand_color: 'red' },
        { brand_color: '#fff;background:url(x)' },
        { product_name: 'a\nb' },
        { time_zone: 'Mars/Olympus' },
        { default_locale: 'German' },
      ]) {
        const res = await admin.api.put('/notifications/v1/theme', body)
        expect(res.status, JSON.stringify(body)).to.equal(422)
      }
    })
  })
})
