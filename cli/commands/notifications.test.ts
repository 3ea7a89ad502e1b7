import { expect } from 'chai'
import { type StubDeployment, stubDeployment } from '../testing/stub-deployment.js'

const V1 = '/notifications/v1'
const SUBSCRIBER = {
  ...{ id: '01990f6e-5f0e-7000-8000-000000000001', external_id: 'customer-42', name: 'Ada' },
  ...{ email: 'ada@example.com', phone: null, locale: null, time_zone: null },
}
const ACCEPTED = {
  ...{ id: '01990f6e-5f0e-7000-8000-000000000002', status: 'accepted', transaction_id: null },
  ...{ is_duplicate: false, send_at: null },
}
const DELIVERY = {
  ...{ id: '01990f6e-5f0e-7000-8000-000000000003', message_id: ACCEPTED.id, channel: 'email' },
  ...{ recipient: { kind: 'subscriber', id: SUBSCRIBER.id }, category: 'product', template: 'announcement' },
  ...{ status: 'failed', rule: 'default_on', attempts: 1, provider: 'smtp', destination: 'a…@example.com' },
  ...{
    run_at: null,
    error: { code: 'mail_refused', message: 'No.' },
    created_at: '2026-11-22T20:30:00.000Z',
  },
  reasons: [{ rule: 'default_on', words: 'The category is on unless somebody switches it off.' }],
}
const ITEM = {
  ...{
    id: '01990f6e-5f0e-7000-8000-000000000004',
    category: 'product',
    title: 'Your report',
    body: 'Ready.',
  },
  ...{ action_url: null, is_read: false, is_archived: false, created_at: '2026-11-22T20:30:00.000Z' },
}
const EXPLANATION = {
  ...{ at: '2026-11-22T20:30:00.000Z', category: 'product', is_critical: false },
  recipients: [
    {
      recipient: { kind: 'subscriber', id: null, external_id: 'customer-42', name: null },
      channels: [
        {
          ...{ channel: 'email', action: 'skip', at: null },
          reasons: [{ rule: 'recipient_off', words: 'The recipient switched this channel off.' }],
        },
      ],
    },
  ],
  unresolved: [{ what: 'user', name: 'nobody' }],
}
const page = (...data: object[]) => ({ body: { data, next_cursor: null, has_more: false } })

describe('notification commands', () => {
  let bed: StubDeployment

  before(async () => {
    bed = await stubDeployment()
  })
  beforeEach(() => bed.stub.reset())
  after(() => bed.remove())

  const bodyOf = (at = -1) => bed.stub.seen.at(at)?.body

  it('send words of their own, to whom the flags say', async () => {
    bed.stub.on(`POST ${V1}/send`, { status: 202, body: ACCEPTED })
    const run = await bed.run(
      'notifications send --tenant acme --subscribers a,b --topics news --title Hello --body World --category product --channels email,in_app --delay 60',
    )
    expect(run.code, run.stderr).to.equal(0)
    expect(run.stdout).to.include(ACCEPTED.id).and.include(`--message ${ACCEPTED.id}`)
    expect(bed.stub.seen[0]?.headers['x-tenant']).to.equal('acme')
    expect(bodyOf()).to.deep.equal({
      to: [{ external_id: 'a' }, { external_id: 'b' }, { topic: 'news' }],
      content: { title: 'Hello', body: 'World' },
      category: 'product',
      channels: ['email', 'in_app'],
      delay_s: 60,
    })
  })

  it('send by a template with data, and say when it was sent before', async () => {
    bed.stub.on(`POST ${V1}/send`, { status: 202, body: { ...ACCEPTED, is_duplicate: true } })
    const run = await bed.run(
      'notifications send --tenant acme --users u1 --template invoice --data {"number":"42"} --transaction-id order-42',
    )
    expect(run.stdout).to.include('sent before')
    expect(bodyOf()).to.deep.equal({
      ...{ to: [{ user_id: 'u1' }], template: 'invoice', data: { number: '42' } },
      transaction_id: 'order-42',
    })
  })

  it('refuse a message for nobody, and one that says nothing', async () => {
    const nobody = await bed.run('notifications send --tenant acme --template invoice')
    const nothing = await bed.run('notifications send --tenant acme --subscribers a')
    expect([nobody.code, nothing.code]).to.deep.equal([2, 2])
    expect(nobody.stderr).to.include('--subscribers')
    expect(nothing.stderr).to.include('--template')
    expect(bed.stub.seen).to.have.length(0)
  })

  it('explain channel by channel, with the rule that decides', async () => {
    bed.stub.on(`POST ${V1}/explain`, { body: EXPLANATION })
    const argv = 'notifications explain --tenant acme --subscribers customer-42 --template invoice'
    const run = await bed.run(argv)
    expect(run.stdout)
      .to.include('customer-42')
      .and.include('switched this channel off')
      .and.include('nobody')
    expect((await bed.run(`${argv} --json`)).json()).to.deep.equal(EXPLANATION)
  })

  it('list deliveries of a subscriber by the tenant’s own id', async () => {
    bed.stub.on(`GET ${V1}/subscribers`, page(SUBSCRIBER))
    bed.stub.on(`GET ${V1}/deliveries`, page(DELIVERY))
    const run = await bed.run(
      'notifications deliveries --tenant acme --subscriber customer-42 --status failed',
    )
    expect(run.stdout).to.include('mail_refused').and.include('a…@example.com')
    expect(bed.stub.seen.at(-1)?.query).to.include({ recipient_id: SUBSCRIBER.id, status: 'failed' })
  })

  it('have a delivery tried again', async () => {
    bed.stub.on(`POST ${V1}/deliveries/${DELIVERY.id}/retry`, { body: { ...DELIVERY, status: 'pending' } })
    const run = await bed.run(`notifications retry ${DELIVERY.id} --tenant acme`)
    expect(run.stdout).to.include('pending').and.include('The category is on')
  })

  it('show the inbox of a subscriber with a token of theirs, and not as the operator', async () => {
    bed.stub.on(`GET ${V1}/subscribers`, page(SUBSCRIBER))
    bed.stub.on(`POST ${V1}/subscribers/${SUBSCRIBER.id}/tokens`, { body: { token: 'vtr_sub_x' } })
    bed.stub.on(`GET ${V1}/inbox`, page(ITEM))
    const run = await bed.run('notifications inbox --tenant acme --subscriber customer-42 --state unread')
    expect(run.stdout).to.include('Your report').and.include('unread').and.not.include('vtr_sub_x')
    const { headers, query } = bed.stub.seen.at(-1) ?? {}
    expect(headers).to.include({ authorization: 'Bearer vtr_sub_x' }).and.not.have.property('x-tenant')
    expect(query).to.include({ state: 'unread' })
  })

  it('make, show, list and delete subscribers', async () => {
    bed.stub.on(`PUT ${V1}/subscribers`, { body: SUBSCRIBER })
    bed.stub.on(`GET ${V1}/subscribers`, page(SUBSCRIBER))
    bed.stub.on(`DELETE ${V1}/subscribers/${SUBSCRIBER.id}`, { status: 204 })
    const made = await bed.run(
      'subscribers create customer-42 --tenant acme --time-zone Europe/Berlin --json',
    )
    expect(made.json()).to.deep.equal(SUBSCRIBER)
    expect(bodyOf()).to.deep.equal({ external_id: 'customer-42', time_zone: 'Europe/Berlin' })
    expect((await bed.run('subscribers info customer-42 --tenant acme')).stdout).to.include('ada@example.com')
    expect((await bed.run('subscribers list --tenant acme')).stdout).to.match(/EXTERNAL ID +NAME/)

    const asked = await bed.run('subscribers delete customer-42 --tenant acme')
    expect(asked.code).to.equal(2)
    const done = await bed.run('subscribers delete customer-42 --tenant acme --confirm customer-42 --json')
    expect(done.json()).to.include({ external_id: 'customer-42', deleted: true })
  })

  it('say where to look for a subscriber that is not there', async () => {
    bed.stub.on(`GET ${V1}/subscribers`, page())
    const run = await bed.run('subscribers info nobody --tenant acme --json')
    expect(run.json<{ error: object }>().error).to.include({ code: 'subscriber_not_found' })
  })
})
