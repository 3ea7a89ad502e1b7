import { expect } from 'chai'
import { buildMember, unique } from './build.js'
import type { Answer } from './caller.js'
import type { TestServer } from './server.js'

const V1 = '/notifications/v1'
const BROWSER = {
  endpoint: 'https://93.184.215.14/send/abc',
  keys: {
    p256dh: 'BNcRdreALRFXTkOOUHK1EtK2wtaz5Ry4YfYCA_0QTpQtUbVlUls0VJXg7A8u-Ts1XbjhazAkj7I99e8QcYP7DkM',
    auth: 'tBHItJI5svbpez7KI4CCXg',
  },
}

/** Gets a success from every operation of messages, recipients, preferences, deliveries and the inbox. */
export async function tourNotifications(server: TestServer): Promise<void> {
  const { api } = await buildMember(server)
  const words = { content: { title: 'Hello', body: 'Nice to see you.' }, category: 'product' }
  const externalId = unique('customer')
  const to = { external_id: externalId }

  const { id } = await ok(api.put(`${V1}/subscribers`, { ...to, email: `${externalId}@example.com` }))
  await ok(api.get(`${V1}/subscribers`))
  await ok(api.get(`${V1}/subscribers/${id}`))
  await ok(api.patch(`${V1}/subscribers/${id}`, { name: 'Ana' }))
  await ok(api.put(`${V1}/subscribers/${id}/preferences`, { locale: 'de' }))
  await ok(api.get(`${V1}/subscribers/${id}/preferences`))
  const { token } = await ok(api.post(`${V1}/subscribers/${id}/tokens`))
  const reader = server.as(token)

  const topic = await ok(api.post(`${V1}/topics`, { key: 'news', name: 'News' }))
  await ok(api.get(`${V1}/topics`))
  await ok(api.get(`${V1}/topics/${topic.id}`))
  await ok(api.patch(`${V1}/topics/${topic.id}`, { name: 'Newer' }))
  await ok(api.post(`${V1}/topics/${topic.id}/subscribers`, { external_ids: [externalId] }))
  await ok(api.delete(`${V1}/topics/${topic.id}/subscribers/${id}`))
  await ok(api.delete(`${V1}/topics/${topic.id}`))

  await ok(api.post(`${V1}/explain`, { to, ...words }))
  const message = await ok(api.post(`${V1}/send`, { to, ...words, channels: ['in_app'] }))
  const later = { to, ...words, delay_s: 60 }
  const batch = await ok(api.post(`${V1}/send/batch`, { messages: [later] }))
  await ok(api.post(`${V1}/messages/${batch.data[0].id}/cancel`))
  await server.work()
  await ok(api.get(`${V1}/messages`))
  await ok(api.get(`${V1}/messages/${message.id}`))
  const [delivery] = (await ok(api.get(`${V1}/deliveries`))).data
  await ok(api.get(`${V1}/deliveries/${delivery.id}`))
  await server.resources.db.readSystem({
    text: "update notification_deliveries set status = 'failed' where id = $1",
    values: [delivery.id],
  })
  await ok(api.post(`${V1}/deliveries/${delivery.id}/retry`))

  const [item] = (await ok(reader.get(`${V1}/inbox`))).data
  await ok(reader.get(`${V1}/inbox/counts`))
  await ok(reader.get(`${V1}/inbox/${item.id}`))
  await ok(reader.patch(`${V1}/inbox/${item.id}`, { read: true }))
  await ok(reader.post(`${V1}/inbox/mark`, { as: 'archived' }))
  const stream = await reader.stream(`${V1}/inbox/stream`, { after: '0' })
  expect((await stream.next())?.data.id).to.equal(item.id)
  await stream.close()
  const browser = await ok(reader.post(`${V1}/push/subscriptions`, BROWSER))
  await ok(reader.get(`${V1}/push/subscriptions`))
  await ok(reader.delete(`${V1}/push/subscriptions/${browser.id}`))
  await ok(reader.get(`${V1}/preferences`))
  await ok(reader.put(`${V1}/preferences`, { quiet_hours: { from: '22:00', to: '07:00' } }))

  await ok(api.put(`${V1}/defaults`, { channels: { sms: false } }))
  await ok(api.get(`${V1}/defaults`))
  await ok(server.operator.put(`${V1}/policy`, {}))
  await ok(server.operator.get(`${V1}/policy`))
  await ok(api.put(`${V1}/categories/comments`, { name: 'Comments' }))
  await ok(api.get(`${V1}/categories`))
  await ok(api.get(`${V1}/categories/comments`))
  await ok(api.delete(`${V1}/categories/comments`))
  await ok(api.delete(`${V1}/subscribers/${id}/tokens`))
  await ok(api.delete(`${V1}/subscribers/${id}`))
}

async function ok(answer: Promise<Answer>): Promise<Answer['body']> {
  const { status, text, body } = await answer
  expect(status, text).to.be.within(200, 299)
  return body
}
