import { expect } from 'chai'
import { useServer } from '../../../test/server.js'
import { Author, graphOf, node } from '../workers/workflows/test-support.js'

describe('the notification node of a workflow', () => {
  const server = useServer()

  it('puts its message into the inbox of whom it names, once', async () => {
    const author = await Author.build(server)
    const notification = {
      to: { user_id: author.user.id },
      content: { title: 'It is done', body: 'The workflow came to its end.' },
      category: 'product',
      channels: ['in_app'],
    }
    const run = await author.run(graphOf([node('tell', 'notification', { notification })]))
    expect(run.status, JSON.stringify(run)).to.equal('succeeded')
    const inbox = await author.api.get('/notifications/v1/inbox')
    expect(inbox.body.data.map((item: { title: string }) => item.title)).to.deep.equal(['It is done'])
    const [step] = await author.steps(run.id)
    expect(step.output).to.have.property('id').that.is.a('string')
  })

  it('fails with words for what the send route refuses', async () => {
    const author = await Author.build(server)
    const notification = { to: { user_id: author.user.id }, template: 'no-such-template' }
    const run = await author.run(graphOf([node('tell', 'notification', { notification })]))
    expect(run.status).to.equal('failed')
    expect(run.error.code).to.equal('notification_refused')
    expect((await author.api.get('/notifications/v1/inbox')).body.data).to.deep.equal([])
  })
})
