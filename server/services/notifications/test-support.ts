import { expect } from 'chai'
import { type BuiltUser, unique } from '../../../test/build.js'
import type { Answer } from '../../../test/caller.js'
import type { TestServer } from '../../../test/server.js'

export const V1 = '/notifications/v1'

/** Words that need no template. */
export const WORDS = { title: 'Your report is ready', body: 'It took four minutes.' }

/** Accepts a message and answers its id. */
export async function send(owner: { api: BuiltUser['api'] }, body: Record<string, unknown>): Promise<string> {
  const category = body.template || body.category ? {} : { category: 'product' }
  const content = body.template ? {} : { content: WORDS }
  const res = await owner.api.post(`${V1}/send`, { ...content, ...category, ...body })
  expect(res.status, res.text).to.equal(202)
  return res.body.id as string
}

/** A subscriber of the owner's tenant with a token of their own. */
export async function buildSubscriber(
  server: TestServer,
  owner: { api: BuiltUser['api'] },
  facts: Record<string, unknown> = {},
) {
  const externalId = unique('customer')
  const res = await owner.api.put(`${V1}/subscribers`, {
    external_id: externalId,
    email: `${externalId}@example.com`,
    ...facts,
  })
  expect(res.status, res.text).to.equal(200)
  const { body } = await owner.api.post(`${V1}/subscribers/${res.body.id}/tokens`)
  return {
    id: res.body.id as string,
    externalId: res.body.external_id as string,
    email: res.body.email as string,
    token: body.token as string,
    api: server.as(body.token),
  }
}

/** What became of a message, oldest first. */
export async function deliveriesOf(
  owner: { api: BuiltUser['api'] },
  messageId: string,
): Promise<Answer['body'][]> {
  const res = await owner.api.get(`${V1}/deliveries?message_id=${messageId}&limit=200`)
  expect(res.status, res.text).to.equal(200)
  return res.body.data.reverse()
}

/** A delivery in a few words. */
export function summary({
  channel,
  status,
  rule,
}: {
  channel: string
  status: string
  rule: string
}): string {
  return `${channel} ${status} by ${rule}`
}
