import { EventReader } from '../../test/event-source.js'
import { quantile } from '../machine/load.js'
import type { Measured } from '../machine/processes.js'
import type { Figure } from '../report.js'
import type { Cast } from '../world.js'

const PER_SECOND = 50
const SECONDS = 10

/** How long it takes from the call that sends a message to its event in the open inbox of whom it is for. */
export async function measureInbox(cast: Cast, { url }: Pick<Measured, 'url'>): Promise<Figure[]> {
  const reader = { authorization: `Bearer ${cast.jwt}` }
  const me = (await (await fetch(`${url}/auth/v1/me`, { headers: reader })).json()) as { id: string }
  const stream = new EventReader(await fetch(`${url}/notifications/v1/inbox/stream`, { headers: reader }))
  const sent = new Map<string, number>()
  const waits: number[] = []
  const received = (async () => {
    while (waits.length < PER_SECOND * SECONDS) {
      const event = await stream.next()
      if (!event) throw new Error(`the inbox ended after ${waits.length} messages`)
      const at = sent.get(event.data.title)
      if (event.event === 'item' && at !== undefined) waits.push(performance.now() - at)
    }
  })()
  const calls: Promise<unknown>[] = []
  for (let n = 0; n < PER_SECOND * SECONDS; n++) {
    const title = `Message ${n}`
    sent.set(title, performance.now())
    calls.push(send(url, cast.jobsKey, me.id, title))
    await new Promise((resolve) => setTimeout(resolve, 1000 / PER_SECOND))
  }
  await Promise.all([...calls, received])
  await stream.close()
  waits.sort((a, b) => a - b)
  return [
    {
      name: 'message to inbox event at 50/s, p99',
      value: quantile(waits, 0.99),
      unit: 'ms',
      target: { atMost: 250 },
      detail: { messages: waits.length, p50_ms: quantile(waits, 0.5) },
    },
  ]
}

async function send(url: string, key: string, userId: string, title: string): Promise<void> {
  const response = await fetch(`${url}/notifications/v1/send`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      to: { user_id: userId },
      content: { title, body: 'It took four minutes.' },
      category: 'product',
      channels: ['in_app'],
    }),
  })
  if (response.status !== 202) throw new Error(`a message was refused: ${await response.text()}`)
}
