import { expect } from 'chai'
import { type BuiltUser, buildMember, unique } from '../../../test/build.js'
import { expectRejection } from '../../../test/expect-rejection.js'
import { startTwin, useServer } from '../../../test/server.js'
import { backgroundContext } from '../../kernel/context.js'
import { type RenderRequest, readTemplateProfile, renderMessage } from './operations/render-message.js'

const TEMPLATES = '/notifications/v1/templates'
const DATA = { title: 'Hello', message: 'There' }

describe('rendering a message of a tenant', function () {
  this.timeout(60_000)
  const server = useServer()

  const render = (admin: BuiltUser | null, more: Partial<RenderRequest> = {}) =>
    renderMessage(backgroundContext(server.resources, 'test'), {
      templateKey: 'announcement',
      channel: 'in_app',
      locale: null,
      tenantId: admin?.tenant.id ?? null,
      data: DATA,
      ...more,
    })
  const publish = async (admin: BuiltUser, key: string, content: object) => {
    expect((await admin.api.patch(`${TEMPLATES}/${key}`, { content })).status).to.equal(200)
    expect((await admin.api.post(`${TEMPLATES}/${key}/publish`, {})).status).to.equal(200)
  }
  const note = (title: string) => ({ in_app: { title, body: 'x' } })
  const titleOf = async (...args: Parameters<typeof render>) => {
    const { content, locale, templateVersion } = await render(...args)
    return [content.channel === 'in_app' ? content.title : null, locale, templateVersion]
  }

  it('takes what is shipped where the tenant has no words, and then its own at once', async () => {
    const admin = await buildMember(server)
    expect(await titleOf(admin)).to.deep.equal(['Hello', 'en', null])
    await publish(admin, 'announcement', { en: note('Ours: {{title}}') })
    expect(await titleOf(admin)).to.deep.equal(['Ours: Hello', 'en', 1])
    await publish(admin, 'announcement', { en: note('Newer: {{title}}') })
    expect(await titleOf(admin)).to.deep.equal(['Newer: Hello', 'en', 2])
    await admin.api.post(`${TEMPLATES}/announcement/rollback`, { version: 1 })
    expect(await titleOf(admin)).to.deep.equal(['Ours: Hello', 'en', 1])
    await admin.api.delete(`${TEMPLATES}/announcement`)
    expect(await titleOf(admin)).to.deep.equal(['Hello', 'en', null])
  })

  it('looks for the exact locale, its language, the tenant’s, and English, each own before shipped', async () => {
    const admin = await buildMember(server)
    await publish(admin, 'announcement', { pl: note('PL {{title}}'), 'de-CH': note('CH {{title}}') })
    await admin.api.put('/notifications/v1/theme', { default_locale: 'pl' })
    expect(await titleOf(admin, { locale: 'de-CH' })).to.deep.equal(['CH Hello', 'de-CH', 1])
    expect(await titleOf(admin, { locale: 'de-AT' })).to.deep.equal(['Hello', 'de', null])
    expect(await titleOf(admin, { locale: 'pl-PL' })).to.deep.equal(['PL Hello', 'pl', 1])
    expect(await titleOf(admin, { locale: 'sv' })).to.deep.equal(['PL Hello', 'pl', 1])
    expect(await titleOf(admin, { locale: null })).to.deep.equal(['PL Hello', 'pl', 1])
    expect(await titleOf(admin, { locale: 'no such locale!' })).to.deep.equal(['PL Hello', 'pl', 1])
    // A channel its own words do not have is found where it is.
    const mail = await render(admin, { channel: 'email', locale: 'pl' })
    expect([mail.locale, mail.templateVersion]).to.deep.equal(['en', null])
  })

  it('takes words in any language before none', async () => {
    const admin = await buildMember(server)
    const key = unique('own')
    await admin.api.post(TEMPLATES, { key, name: 'x', content: { ja: note('やあ') } })
    await admin.api.post(`${TEMPLATES}/${key}/publish`, {})
    expect(await titleOf(admin, { templateKey: key, locale: 'de', data: {} })).to.deep.equal([
      'やあ',
      'ja',
      1,
    ])
  })

  it('never takes another tenant’s words, nor a tenant’s for what is the installation’s', async () => {
    const [ours, theirs] = await Promise.all([buildMember(server), buildMember(server)])
    await publish(theirs, 'announcement', { en: note('THEIRS') })
    const key = unique('own')
    await theirs.api.post(TEMPLATES, { key, name: 'x', content: { en: note('THEIRS') } })
    await theirs.api.post(`${TEMPLATES}/${key}/publish`, {})
    expect(await titleOf(ours)).to.deep.equal(['Hello', 'en', null])
    expect(await titleOf(null)).to.deep.equal(['Hello', 'en', null])
    await expectRejection(render(ours, { templateKey: key, data: {} }), /no notification template/)
    await expectRejection(render(null, { templateKey: key, data: {} }), /no notification template/)
  })

  it('says for good what cannot be rendered: no template, no words, data that does not fit', async () => {
    const admin = await buildMember(server)
    await expectRejection(render(admin, { templateKey: 'nope' }), /no notification template/)
    await expectRejection(render(admin, { templateKey: 'constructor' }), /no notification template/)
    await expectRejection(
      render(admin, { templateKey: 'invoice', channel: 'sms' }),
      /no words for the channel sms/,
    )
    await expectRejection(render(admin, { data: { title: 'x' } }), /message is missing/)
    await expectRejection(render(admin, { data: { ...DATA, link: 'javascript:x' } }), /link is not an http/)
  })

  it('leaves out data that the template does not name', async () => {
    const admin = await buildMember(server)
    expect((await titleOf(admin, { data: { ...DATA, plan: 'pro', __proto__: null } }))[0]).to.equal('Hello')
  })

  it('puts where to unsubscribe at the foot of a mail', async () => {
    const admin = await buildMember(server)
    const url = 'https://app.example.com/unsubscribe?t=1'
    const { content } = await render(admin, { channel: 'email', unsubscribeUrl: url })
    expect(content.channel === 'email' && content.html).to.contain(`href="${url}"`)
    expect(content.channel === 'email' && content.text).to.contain(url)
  })

  it('tells a sender the category, whether it is critical, and the channels there are', async () => {
    const admin = await buildMember(server)
    const ctx = backgroundContext(server.resources, 'test')
    const profileOf = (key: string) => readTemplateProfile(ctx, { tenantId: admin.tenant.id, key })
    expect(await profileOf('payment-failed')).to.deep.equal({
      key: 'payment-failed',
      category: 'billing',
      critical: true,
      channels: ['email', 'in_app', 'sms', 'push'],
      version: null,
    })
    const key = unique('own')
    await admin.api.post(TEMPLATES, { key, name: 'x', category: 'shop', content: { en: note('x') } })
    expect(await profileOf(key)).to.equal(null)
    await admin.api.post(`${TEMPLATES}/${key}/publish`, {})
    expect(await profileOf(key)).to.deep.equal({
      ...{ key, category: 'shop', critical: false, channels: ['in_app'], version: 1 },
    })
    await admin.api.delete(`${TEMPLATES}/${key}`)
    expect(await profileOf(key)).to.equal(null)
  })

  it('sends what another process published within a second', async () => {
    const admin = await buildMember(server)
    const { twin, stop } = await startTwin(server)
    try {
      const there = async () => {
        const { content } = await renderMessage(backgroundContext(twin.resources, 'test'), {
          ...{ templateKey: 'announcement', channel: 'in_app', locale: null, data: DATA },
          tenantId: admin.tenant.id,
        })
        return content.channel === 'in_app' ? content.title : null
      }
      expect(await there()).to.equal('Hello')
      await publish(admin, 'announcement', { en: note('Ours') })
      await new Promise((resolve) => setTimeout(resolve, 900))
      expect(await there()).to.equal('Ours')
    } finally {
      await stop()
    }
  })
})
