import { readFile, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { expect } from 'chai'
import { type StubDeployment, stubDeployment } from '../testing/stub-deployment.js'

const TEMPLATE = {
  key: 'invoice',
  origin: 'shipped',
  name: 'Invoice',
  description: 'hands an invoice over',
  category: 'billing',
  critical: true,
  customizable: true,
  channels: ['email', 'in_app'],
  locales: ['de', 'en'],
  published_version: 2,
  has_draft: true,
  draft_at: '2026-11-22T20:30:00.000Z',
}
const DETAIL = {
  ...TEMPLATE,
  variables: { number: { kind: 'plain', about: 'number of the invoice', optional: false, example: '42' } },
  draft: {},
  shipped: {},
}
const VERSION = {
  id: '01990f6e-5f0e-7000-8000-000000000005',
  version: 2,
  is_published: true,
  locales: ['en'],
  note: 'shorter',
  published_by: 'user:1',
  created_at: '2026-11-22T20:30:00.000Z',
}
const PREVIEW = {
  source: 'draft',
  email: {
    subject: 'Invoice 42',
    html: '<html><head><title>x</title></head></html>',
    text: 'Pay.\n',
    locale: 'de',
  },
  in_app: { title: 'Invoice', body: '12 €', action_url: 'https://app.example/1', locale: 'de' },
  sms: { text: 'Pay', encoding: 'gsm7', segments: 1, locale: 'de' },
  push: null,
}
const PATH = '/notifications/v1/templates'

describe('templates commands', () => {
  let bed: StubDeployment

  before(async () => {
    bed = await stubDeployment()
  })
  beforeEach(() => bed.stub.reset())
  after(() => bed.remove())

  it('list them and show one with its variables', async () => {
    bed.stub.on(`GET ${PATH}`, { body: { data: [TEMPLATE], next_cursor: null, has_more: false } })
    bed.stub.on(`GET ${PATH}/invoice`, { body: DETAIL })
    const list = await bed.run('templates list --tenant acme --origin shipped')
    expect(list.stdout).to.match(/invoice +billing +email,in_app +version 2 +yes/)
    expect(bed.stub.seen[0]?.query).to.include({ origin: 'shipped' })
    expect(bed.stub.seen[0]?.headers['x-tenant']).to.equal('acme')
    const info = await bed.run('templates info invoice --tenant acme')
    expect(info.stdout)
      .to.include('cannot be switched off')
      .and.match(/number +plain +number of the invoice/)
    expect((await bed.run('templates info invoice --tenant acme --json')).json()).to.deep.equal(DETAIL)
  })

  it('change the draft, publish it, and go back', async () => {
    bed.stub.on(`PATCH ${PATH}/invoice`, { body: DETAIL })
    bed.stub.on(`POST ${PATH}/invoice/publish`, { body: VERSION })
    bed.stub.on(`POST ${PATH}/invoice/rollback`, { body: { ...VERSION, version: 1 } })
    bed.stub.on(`GET ${PATH}/invoice/versions`, {
      body: { data: [VERSION], next_cursor: null, has_more: false },
    })
    const changed = await bed.run('templates update invoice --tenant acme --content {"en":null}')
    expect(changed.stdout).to.include('vetrai templates publish invoice')
    expect(bed.stub.seen[0]?.body).to.deep.equal({ content: { en: null } })
    expect((await bed.run('templates update invoice --tenant acme')).code).to.equal(2)
    await bed.run('templates publish invoice --tenant acme --note shorter')
    expect(bed.stub.seen[1]?.body).to.deep.equal({ note: 'shorter' })
    expect((await bed.run('templates versions invoice --tenant acme')).stdout).to.match(/2 +yes +en/)
    const back = await bed.run('templates rollback invoice --tenant acme --to 1')
    expect(back.stdout).to.include('Version 1 is sent from now on.')
    expect(bed.stub.seen.at(-1)?.body).to.deep.equal({ version: 1 })
  })

  it('preview every channel, of data and in a locale', async () => {
    bed.stub.on(`POST ${PATH}/invoice/preview`, { body: PREVIEW })
    const run = await bed.run('templates preview invoice --tenant acme --locale de --data {"number":"42"}')
    expect(run.stdout).to.include('Invoice 42').and.include('12 €').and.include('text message, de, 1 × gsm7')
    expect(bed.stub.seen[0]?.body).to.deep.equal({ locale: 'de', data: { number: '42' } })
  })

  it('write the mail to a file of this user that runs and loads nothing', async () => {
    bed.stub.on(`POST ${PATH}/invoice/preview`, { body: PREVIEW })
    const { file } = (await bed.run('templates preview invoice --tenant acme --open --json')).json<{
      file: string
    }>()
    try {
      expect((await stat(file)).mode & 0o077).to.equal(0)
      expect((await stat(dirname(file))).mode & 0o077).to.equal(0)
      expect(await readFile(file, 'utf8')).to.match(
        /<head>\n<meta http-equiv="Content-Security-Policy" content="default-src 'none'/,
      )
    } finally {
      await rm(dirname(file), { recursive: true })
    }
  })

  it('mail one to the caller', async () => {
    bed.stub.on(`POST ${PATH}/invoice/test`, {
      body: { to: 'op@x.example', subject: '[Test] x', locale: 'en' },
    })
    expect((await bed.run('templates test invoice --tenant acme')).stdout).to.include('to op@x.example')
  })

  it('reset one only when its key is repeated', async () => {
    bed.stub.on(`DELETE ${PATH}/invoice`, { status: 204 })
    const [asked, wrong] = [
      await bed.run('templates reset invoice --tenant acme'),
      await bed.run('templates reset invoice --tenant acme --confirm invoices'),
    ]
    expect([asked.code, wrong.code, bed.stub.seen.length]).to.deep.equal([2, 4, 0])
    const right = await bed.run('templates reset invoice --tenant acme --confirm invoice --json')
    expect(right.json()).to.deep.equal({ key: 'invoice', reset: true })
  })
})
